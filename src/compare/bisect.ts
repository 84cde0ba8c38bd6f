/** One step of a bisection: is this build like the good ones or like the bad ones? */
import { SEVERITY_RANK } from '../analyzers/complete-findings.ts';
import { compareRuns } from './compare.ts';
import type { CompareSettings, FigureComparison, Side } from './comparison.ts';

export interface Step {
  readonly word: 'good' | 'bad' | 'skip';
  readonly reason: string;
}

const ALPHA = 0.05;

export interface References {
  readonly good: Side;
  /** Absent: whatever is worse than good is bad. */
  readonly bad?: Side | undefined;
}

/** By one metric, or `metric p99` for one statistic of it. */
export function stepByMetric(
  build: Side,
  { good, bad }: References,
  metric: string,
  settings: Partial<CompareSettings> = {},
): Step {
  const [name = '', statistic] = metric.split(' ');
  const figureAgainst = (reference: Side): FigureComparison | undefined => {
    const { figures } = compareRuns(reference, build, { ...settings, metrics: [name] });
    const wanted = figures.filter((one) => statistic === undefined || one.statistic === statistic);
    return wanted.find((one) => one.statistic === 'p50') ?? wanted[0];
  };
  const fromGood = figureAgainst(good);
  if (!fromGood) return { word: 'skip', reason: `no run has ${metric}` };
  if (fromGood.p === null) return { word: 'skip', reason: fromGood.reason ?? 'not comparable' };
  const fromBad = bad && figureAgainst(bad);
  return fromBad ? nearest(fromGood, fromBad) : againstGood(fromGood);
}

function againstGood(figure: FigureComparison): Step {
  const { verdict, ratio, direction } = figure;
  const reason = described(figure, 'good');
  const worse = (ratio ?? 1) > 1 || direction === 'neutral';
  if (['regressed', 'suspect', 'changed'].includes(verdict) && worse)
    return { word: 'bad', reason };
  if (verdict === 'inconclusive') return { word: 'skip', reason };
  return { word: 'good', reason };
}

/** It must be unlike the one before it may be called like the other. */
function nearest(good: FigureComparison, bad: FigureComparison): Step {
  const [toGood, toBad] = [good, bad].map(({ ratio }) => Math.abs(Math.log(ratio ?? 1)));
  if (bad.p === null) return { word: 'skip', reason: bad.reason ?? 'not comparable' };
  const isGood = (toGood ?? 0) <= (toBad ?? 0);
  const other = isGood ? bad : good;
  const reason = `${described(good, 'good')}, ${described(bad, 'bad')}`;
  if ((other.p ?? 1) > ALPHA) return { word: 'skip', reason: `${reason}: could be either` };
  return { word: isGood ? 'good' : 'bad', reason };
}

function described({ id, ratio, p }: FigureComparison, name: string): string {
  return `${id} × ${(ratio ?? 1).toPrecision(3)} of ${name} (p ${(p ?? 1).toPrecision(2)})`;
}

/** By the findings of one detector: a single warning or error is enough. */
export function stepByDetector({ runs }: Side, detector: string): Step {
  const found = runs.flatMap((run) =>
    run.findings.filter(
      (finding) =>
        finding.detector === detector && SEVERITY_RANK[finding.severity] >= SEVERITY_RANK.warn,
    ),
  );
  const [first] = found;
  if (first) return { word: 'bad', reason: `${found.length} of ${detector}: ${first.summary}` };
  const blind = runs.filter((run) =>
    run.detectors.every(({ detector: id, outcome }) => id !== detector || outcome !== 'clean'),
  );
  if (blind.length > 0 || runs.length === 0) {
    return {
      word: 'skip',
      reason: `${detector} could not look at ${blind.length} of ${runs.length} runs`,
    };
  }
  return { word: 'good', reason: `${detector} found nothing in ${runs.length} runs` };
}
