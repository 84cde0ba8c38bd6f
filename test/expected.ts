/**
 * Compares the findings of a capture with a statement of what must, may and must not be found in it
 * (`expected.json`, made by an independent program from the golden text and checked by hand).
 *
 * - `must`: a finding with that key, time, magnitude and severity, claimed no higher than
 *   `confidence`; a detector named in `alt` may carry it instead.
 * - `may`: such a finding is right but need not be made; `confidence` is a ceiling too.
 * - `must_not`: with an empty key, any finding of that detector at warn or above is wrong; with a
 *   key, one at warn or above that matches and claims more than `confidence` (null = whatever it claims).
 *
 * Information from a detector it does not speak of contradicts nothing.
 *
 * `pid` there is what ftrace prints, so it is a thread id; a finding matches with its pid or its tid.
 */
import type { Confidence, Finding, Severity } from '../src/analyzers/finding.ts';
import type { Result } from '../src/analyzers/result.ts';

export interface ExpectedEntry {
  readonly detector: string;
  readonly key: Readonly<Record<string, unknown>>;
  readonly confidence: Confidence | null;
  readonly severity?: Severity;
  readonly magnitude: Readonly<Record<string, unknown>>;
  /** Seconds as recorded (ticks for clocks that count ticks); null = any time. */
  readonly t0: number | null;
  readonly t1: number | null;
  readonly alt?: readonly string[];
  readonly why: string;
}

export interface ExpectedCapture {
  readonly must: readonly ExpectedEntry[];
  readonly may: readonly ExpectedEntry[];
  readonly must_not: readonly ExpectedEntry[];
}

/** What became of a finding that must be made. */
export interface MustResult {
  readonly entry: ExpectedEntry;
  /** Those it speaks of, the surest first. */
  readonly found: readonly Finding[];
  readonly missed: string | undefined;
}

export interface Verdict {
  readonly must: readonly MustResult[];
  readonly mustMet: number;
  readonly mustMissed: readonly string[];
  readonly mayMatched: number;
  readonly mayLeft: number;
  readonly violations: readonly string[];
  readonly overclaims: readonly string[];
  /** Findings that no must and no may explains. */
  readonly unexplained: readonly string[];
  /** Entries of detectors that are not asked for. */
  readonly skipped: number;
}

const CONFIDENCES: readonly Confidence[] = ['suspect', 'likely', 'proven'];
const SEVERITIES: readonly Severity[] = ['info', 'warn', 'error', 'critical'];
const TIME_TOLERANCE_S = 0.01;
const RELATIVE_TOLERANCE = 0.1;

export function compare(
  expected: ExpectedCapture,
  result: Result,
  detectors: ReadonlySet<string>,
): Verdict {
  const known = ({ detector, alt = [] }: ExpectedEntry): boolean =>
    [detector, ...alt].some((id) => detectors.has(id));
  const must = expected.must.filter(known);
  const may = expected.may.filter(known);
  const mustNot = expected.must_not.filter(known);
  const all = [...expected.must, ...expected.may, ...expected.must_not];
  const spokenOf = new Set(all.map(({ detector }) => detector));

  const explained = new Set<Finding>();
  const overclaims: string[] = [];
  const results = must.map((entry): MustResult => {
    const candidates = matches(entry, result);
    for (const finding of candidates) explained.add(finding);
    overclaims.push(...overclaimed(entry, candidates, result));
    const found = candidates.toSorted((a, b) => rank(b) - rank(a));
    return { entry, found, missed: missed(entry, candidates) };
  });
  const mustMissed = results.flatMap(({ entry, missed: reason }) =>
    reason === undefined ? [] : [`${describe(entry)}: ${reason}`],
  );
  let mayMatched = 0;
  for (const entry of may) {
    const candidates = matches(entry, result).filter((finding) => !explained.has(finding));
    for (const finding of candidates) explained.add(finding);
    overclaims.push(...overclaimed(entry, candidates, result));
    if (candidates.length > 0) mayMatched += 1;
  }
  return {
    must: results,
    mustMet: must.length - mustMissed.length,
    mustMissed,
    mayMatched,
    mayLeft: may.length - mayMatched,
    violations: mustNot.flatMap((entry) => violations(entry, result, explained)),
    overclaims,
    unexplained: result.findings
      .filter((finding) => !explained.has(finding))
      // What a recording cannot show may always be said.
      .filter(({ detector }) => detector !== 'tool-blind')
      .filter(({ detector, severity }) => severity !== 'info' || spokenOf.has(detector))
      .map((finding) => line(finding)),
    skipped: all.length - must.length - may.length - mustNot.length,
  };
}

function rank({ confidence }: Finding): number {
  return CONFIDENCES.indexOf(confidence);
}

/** Findings an entry speaks of: of its detector, or of another that may carry it. */
function matches(entry: ExpectedEntry, result: Result): Finding[] {
  const own = result.findings.filter(
    (finding) => finding.detector === entry.detector && matchesKey(entry, finding),
  );
  const timed = own.filter((finding) => matchesTime(entry, finding, result));
  if (timed.length > 0) return timed;
  const { alt = [] } = entry;
  return result.findings.filter(
    (finding) =>
      alt.includes(finding.detector) &&
      matchesKey(entry, finding) &&
      matchesTime(entry, finding, result),
  );
}

function matchesKey(entry: ExpectedEntry, finding: Finding): boolean {
  return Object.entries(entry.key).every(([name, value]) => {
    if (name === 'and_more' || value === '*') return true;
    const { key } = finding;
    if (name === 'pid' || name === 'producer') {
      return [key.producer, key.pid, key.tid].includes(value as number);
    }
    // clocks that count no time, and clocks whose unit is not known, are one finding
    if (name === 'what' && value === 'clock') return key.what === 'clock unit';
    return key[name] !== undefined && String(key[name]) === String(value);
  });
}

function matchesTime(entry: ExpectedEntry, finding: Finding, result: Result): boolean {
  if (entry.t0 === null || entry.t1 === null) return true;
  const [from, to] = [absolute(finding.from, result), absolute(finding.to, result)];
  if (from > entry.t1 || to < entry.t0) {
    // A span of no length cannot overlap; the tolerance below still holds.
    if (!(near(from, entry.t0, entry) && near(to, entry.t1, entry))) return false;
  }
  // Neighbouring faults of one range may be split or merged.
  if ('attempts' in entry.magnitude) return true;
  return near(from, entry.t0, entry) && near(to, entry.t1, entry);
}

function near(time: number, stated: number, entry: ExpectedEntry): boolean {
  const span = Math.abs((entry.t1 ?? 0) - (entry.t0 ?? 0));
  return Math.abs(time - stated) <= Math.max(TIME_TOLERANCE_S, span * RELATIVE_TOLERANCE);
}

/** As the golden text prints it: seconds, or ticks. */
function absolute(relative: number, result: Result): number {
  const { base, unit } = result.capture.clock;
  const ticks = BigInt(base) + BigInt(Math.round(relative));
  return unit === 'ns' ? Number(ticks) / 1e9 : Number(ticks);
}

/** Why no candidate is the finding that must be made. */
function missed(entry: ExpectedEntry, candidates: readonly Finding[]): string | undefined {
  if (candidates.length === 0) return 'not found';
  const { severity } = entry;
  if (severity !== undefined && !candidates.some((finding) => finding.severity === severity)) {
    return `severity ${candidates.map((finding) => finding.severity).join()} instead of ${severity}`;
  }
  for (const [name, stated] of Object.entries(entry.magnitude)) {
    const measure = MEASURES[name];
    if (measure === undefined || stated === null) continue;
    const values = candidates.map(measure);
    if (!agrees(values, stated)) {
      return `${name} ${JSON.stringify(values)} instead of ${JSON.stringify(stated)}`;
    }
  }
  return undefined;
}

function agrees(values: readonly (number | string | undefined)[], stated: unknown): boolean {
  if (Array.isArray(stated)) return stated.every((one) => values.includes(one as number | string));
  if (typeof stated === 'number') {
    const numbers = values.filter((value) => typeof value === 'number');
    const sum = numbers.reduce((total, value) => total + value, 0);
    return [...numbers, sum].some(
      (value) => Math.abs(value - stated) <= Math.abs(stated) * RELATIVE_TOLERANCE + 1e-9,
    );
  }
  return values.includes(String(stated));
}

const MEASURES: Readonly<Record<string, (finding: Finding) => number | string | undefined>> = {
  ms: ({ from, to }) => (to - from) / 1e6,
  attempts: (finding) => stated(finding, 'attempts'),
  'ret_-16': (finding) => stated(finding, 'returned -EBUSY'),
  count: (finding) => stated(finding, 'faults after the death'),
  served_before: (finding) => stated(finding, 'faults served before'),
  ret: (finding) => stated(finding, 'answer'),
  wrapper_ret: (finding) => stated(finding, 'returned'),
  wait_ms: (finding) => milliseconds(finding, 'in that wait'),
  age_s: (finding) => (milliseconds(finding, 'age') ?? Number.NaN) / 1e3,
  waited_in_vain_ms: (finding) => milliseconds(finding, 'waited in vain') ?? 0,
  signalled_after_exit_ms: (finding) => milliseconds(finding, 'signalled after the death'),
  error: (finding) => stated(finding, 'error of the fence'),
  events: (finding) => stated(finding, 'events lost'),
  places: (finding) => stated(finding, 'places'),
  waited_for: ({ objects }) =>
    objects.find(({ kind }) => kind === 'fence')?.label.match(/\d+:\d+/)?.[0],
};

function stated(finding: Finding, label: string): number | string | undefined {
  const value = finding.details.find((detail) => detail.label === label)?.value;
  return value !== undefined && 'value' in value ? value.value : undefined;
}

function milliseconds(finding: Finding, label: string): number | undefined {
  const value = finding.details.find((detail) => detail.label === label)?.value;
  return value?.type === 'duration' ? value.ns / 1e6 : undefined;
}

function overclaimed(entry: ExpectedEntry, findings: readonly Finding[], result: Result): string[] {
  return findings
    .filter((finding) => finding.detector === entry.detector && claimsMore(entry, finding))
    .map(
      (finding) =>
        `${line(finding)}: ${finding.confidence} at ${absolute(finding.from, result)}, at most ${entry.confidence} may be claimed`,
    );
}

function claimsMore({ confidence }: ExpectedEntry, finding: Finding): boolean {
  return (
    confidence !== null && CONFIDENCES.indexOf(finding.confidence) > CONFIDENCES.indexOf(confidence)
  );
}

function violations(
  entry: ExpectedEntry,
  result: Result,
  explained: ReadonlySet<Finding>,
): string[] {
  const empty = Object.keys(entry.key).length === 0;
  return result.findings
    .filter((finding) => finding.detector === entry.detector)
    .filter((finding) => SEVERITIES.indexOf(finding.severity) >= SEVERITIES.indexOf('warn'))
    .filter((finding) => {
      if (empty) return true;
      if (explained.has(finding) || !matchesKey(entry, finding)) return false;
      if (!matchesTime(entry, finding, result)) return false;
      return entry.confidence === null || claimsMore(entry, finding);
    })
    .map((finding) => `${line(finding)} (${entry.why})`);
}

function describe(entry: ExpectedEntry): string {
  return `${entry.detector} ${JSON.stringify(entry.key)}`;
}

function line({ detector, severity, confidence, summary }: Finding): string {
  return `${detector} [${severity}, ${confidence}] ${summary}`;
}
