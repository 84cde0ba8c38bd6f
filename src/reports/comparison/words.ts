/** How the numbers of a comparison are written, whatever the report. */
import { LEAST_RUNS } from '../../compare/comparability.ts';
import type { Comparison, FigureComparison, FindingComparison } from '../../compare/comparison.ts';
import { type Gate, isWorseSuspect } from '../../compare/gate.ts';
import { LEAST_BUILDS } from '../../compare/history.ts';
import { count, counted, formatNanoseconds } from '../units.ts';
import { visible } from '../visible.ts';

export function valueText(value: number | null, { unit }: Pick<FigureComparison, 'unit'>): string {
  if (value === null) return '–';
  return unit === 'ns' ? formatNanoseconds(value) : count(Number(value.toPrecision(3)));
}

/** `+26 %`, `−5 %`, and `× 6.9` for what percentages no longer describe. */
export function changeText(ratio: number | null): string {
  if (ratio === null) return '–';
  if (ratio >= 2 || ratio <= 0.5) return `× ${Number(ratio.toPrecision(2))}`;
  const percent = (ratio - 1) * 100;
  const digits = Math.abs(percent) < 9.95 ? 1 : 0;
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(digits)} %`;
}

export function intervalText(interval: readonly [number, number] | null): string {
  return interval === null ? '' : `${changeText(interval[0])} … ${changeText(interval[1])}`;
}

export function probabilityText(p: number | null): string {
  if (p === null) return '–';
  return p < 0.0001 ? '<0.0001' : p.toPrecision(2);
}

/** Runs a side that would decide it. */
export function runsNeededText({ runsNeeded }: FigureComparison): string {
  if (runsNeeded === null) return '';
  return runsNeeded === 0 ? 'over 200' : String(runsNeeded);
}

export function runsText({ base, new: next }: FigureComparison): string {
  const runs = (side: FigureComparison['base']): number =>
    side.values.filter((value) => value !== null).length;
  return `${runs(base)}/${runs(next)}`;
}

/**
 * The figures that are compared, and the others by the reason they are not. Where all that is missing
 * is runs, the changes are shown all the same, without a verdict.
 */
export function splitFigures(comparison: Comparison): {
  readonly compared: readonly FigureComparison[];
  readonly apart: ReadonlyMap<string, readonly string[]>;
} {
  const apart = new Map<string, string[]>();
  const compared: FigureComparison[] = [];
  const short = [comparison.base, comparison.new].filter(({ runs }) => runs.length < LEAST_RUNS);
  const lacksOnlyRuns = short.length > 0 && comparison.obstacles.length === short.length;
  for (const figure of comparison.figures) {
    const hasChange = figure.ratio !== null && figure.base.count + figure.new.count > 0;
    if (figure.verdict !== 'not comparable' || (lacksOnlyRuns && hasChange)) compared.push(figure);
    else {
      const reason = figure.reason ?? 'unknown';
      apart.set(reason, [...(apart.get(reason) ?? []), figure.metric]);
    }
  }
  return { compared, apart };
}

/** The verdict in one sentence. */
export function comparisonHeadline(
  comparison: Comparison,
  { outcome, figures, findings, reasons }: Gate,
): string {
  const next = visible(comparison.new.label);
  const base = visible(comparison.base.label);
  if (outcome === 'undecided')
    return `${next} cannot be compared with ${base}: ${visible(reasons[0] ?? '')}`;
  if (outcome === 'pass') {
    const [worst] = comparison.figures.filter(isWorseSuspect);
    return worst
      ? `${next} shows no certain regression against ${base}: ${worst.metric} ${changeText(worst.ratio)} is suspect`
      : `${next} shows no regression against ${base}`;
  }
  const parts = [
    ...figures.slice(0, 2).map((figure) => `${figure.metric} ${changeText(figure.ratio)}`),
    ...(figures.length > 2 ? [`${figures.length - 2} more`] : []),
    ...(findings.length > 0 ? [counted(findings.length, 'new failure')] : []),
  ];
  return `${next} is worse than ${base}: ${parts.join(', ')}`;
}

export function presenceText(finding: FindingComparison): string {
  const { base, new: next, absentUpTo, verdict } = finding;
  const runs = `${next.runs} of ${next.of} new runs, ${base.runs} of ${base.of} base runs`;
  if (absentUpTo === null) return runs;
  const side = verdict === 'new' ? 'base' : 'new';
  return `${runs}; its rate in ${side} may still be up to ${Math.round(absentUpTo * 100)} %`;
}

export function calibrationText(comparison: Comparison): string {
  const { history, prior, family, settings } = comparison;
  if (family === 0) return 'nothing could be tested';
  const test = prior
    ? `moderated t-test (prior of ${prior.df === null ? 'infinitely many' : count(Number(prior.df.toPrecision(2)))} degrees of freedom)`
    : 'Student’s t-test (too few metrics to moderate it)';
  return `${counted(family, 'figure')}, false discovery rate ${settings.q * 100} %: ${test}${pairsText(comparison)}, ${historyText(history)}`;
}

function historyText({ length }: Comparison['history']): string {
  if (length >= LEAST_BUILDS) return `and the scatter of ${counted(length, 'earlier build')}`;
  const why = length === 0 ? '--history' : `${length} given, ${LEAST_BUILDS} needed`;
  return `not calibrated against earlier builds (${why})`;
}

function pairsText({ pairs, correlation, settings }: Comparison): string {
  if (pairs === null) return '';
  const how = settings.pairs === 'given' ? 'as given' : 'recorded in turn';
  const shared =
    correlation === null
      ? ''
      : `, which share ${Math.round(Math.max(0, correlation) * 100)} % of their noise`;
  return ` of ${counted(pairs.length, 'pair')} of runs (${how})${shared}`;
}
