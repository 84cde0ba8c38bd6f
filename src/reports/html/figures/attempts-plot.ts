/** Attempts across, duration up: a cloud that rises says that retries are what takes long. */
import type { AttemptsFigure } from '../../../analyzers/result.ts';
import { count, type TimeFormat } from '../../units.ts';
import { durationAxis, frame, type Plot } from './axes.ts';
import { decades, logDomain } from './log-scale.ts';
import { seriesScale } from './series.ts';

const HEIGHT_PIXELS = 240;

export function attemptsPlot(id: string, of: AttemptsFigure, time: TimeFormat): Plot {
  const series = seriesScale(of.points.map(({ outcome }) => ({ series: outcome })));
  const values = of.points.map(({ attempts, ns, outcome }) => ({
    attempts,
    v: Math.max(ns, 1),
    s: series.nameOf(outcome),
    took: time.duration(ns),
    tried: count(attempts),
  }));
  const x = logDomain(of.points.map(({ attempts }) => attempts));
  const domain = series.domain;
  return {
    id,
    spec: {
      ...frame(of.title, HEIGHT_PIXELS),
      data: { values },
      mark: { type: 'point', filled: true, size: 40, opacity: 0.75, aria: false },
      encoding: {
        x: {
          field: 'attempts',
          type: 'quantitative',
          scale: { type: 'log', domain: [x.low / 1.3, x.high], nice: false },
          axis: { title: 'attempts (log scale)', values: decades(x), format: ',d' },
        },
        y: {
          field: 'v',
          ...durationAxis(logDomain(of.points.map(({ ns }) => ns)), time, true),
        },
        color: {
          field: 's',
          type: 'nominal',
          scale: { domain, range: series.colours },
          legend: null,
        },
        shape: {
          field: 's',
          type: 'nominal',
          scale: { domain, range: series.shapes },
          legend: null,
        },
        tooltip: [
          { field: 'took', title: 'took' },
          { field: 'tried', title: 'attempts' },
          { field: 's', title: 'ended' },
        ],
      },
    },
  };
}
