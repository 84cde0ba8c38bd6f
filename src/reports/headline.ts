/** The one sentence to read where nothing else is: the worst failure, or what finding none rests on. */
import type { Finding } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { isAboutRecording } from './importance.ts';
import { type PlacedFinding, placeFindings } from './placed-findings.ts';
import { count, counted } from './units.ts';

/** Of what was not recorded; the report names all of it. */
const FACTS_NAMED = 3;
/** How `tool-blind` labels each of them. */
const FACT = 'not recorded: ';
/** What weakens a finding, and all the more that there is none. */
const INCOMPLETE: ReadonlySet<unknown> = new Set(['lost', 'damaged file']);

export function headline(result: Result): string {
  const [placed] = placeFindings(result);
  const worst = placed?.finding;
  const remarks = result.findings.filter(isAboutRecording);
  if (placed === undefined || worst === undefined) return cleanHeadline(result, remarks);
  const incomplete = remarks.filter(({ key }) => INCOMPLETE.has(key.what)).map(inShort);
  if (worst.severity !== 'info') {
    const doubt =
      incomplete.length === 0 ? '' : ` There may be more: ${lowerCase(incomplete.join('; '))}.`;
    return `${worst.summary}${causeText(placed)}${doubt}`;
  }
  const judged =
    result.capture.clock.unit === 'ticks'
      ? 'The clock counts ticks, so no duration is judged.'
      : 'No failure found.';
  return [
    judged,
    `Worth a look: ${worst.summary}`,
    blindness(result, remarks),
    ...sentences(incomplete),
  ]
    .filter(Boolean)
    .join(' ');
}

/** A cause less bad than what follows from it, unless that names it. */
function causeText({ finding, relation }: PlacedFinding): string {
  const [cause] = relation?.word === 'follows from' ? relation.others : [];
  const [own] = cause?.finding.objects ?? [];
  if (cause === undefined || own === undefined || cause.finding.severity === 'info') return '';
  const isNamed = finding.summary.toLowerCase().includes(own.label.toLowerCase());
  return isNamed ? '' : ` It follows from this: ${cause.finding.summary}`;
}

function cleanHeadline(result: Result, remarks: readonly Finding[]): string {
  const runs = result.detectors.filter((run) => !isAboutRecording(run));
  const looked = runs.filter((run) => run.outcome === 'clean').length;
  const found =
    looked === 0
      ? 'Nothing can be said: this capture lacks the events that the detectors need.'
      : `Nothing wrong was found by ${counted(looked, 'detector')}.`;
  const doubts = remarks.filter(({ key }) => key.what !== 'probes').map(inShort);
  return [found, ...sentences(doubts), blindness(result, remarks)].filter(Boolean).join(' ');
}

/** How many could not look, and what would have to be recorded for them. */
function blindness(result: Result, remarks: readonly Finding[]): string {
  const runs = result.detectors.filter((run) => !isAboutRecording(run));
  const blind = runs.filter((run) => run.outcome === 'not-observable').length;
  if (blind === 0) return '';
  const facts = unrecordedFacts(remarks);
  const named = facts.slice(0, FACTS_NAMED).join(', ');
  const more =
    facts.length > FACTS_NAMED ? ` and ${counted(facts.length - FACTS_NAMED, 'more thing')}` : '';
  const missing = facts.length === 0 ? '' : `; not recorded: ${named}${more}`;
  return `${count(blind)} of ${counted(runs.length, 'detector')} could not look${missing}.`;
}

/** What the recording lacks, in words. */
export function unrecordedFacts(remarks: readonly Finding[]): readonly string[] {
  return remarks
    .flatMap(({ details }) => details.map(({ label }) => label))
    .flatMap((label) => (label.startsWith(FACT) ? label.slice(FACT.length) : []));
}

/** Up to what it means for verdicts. */
function inShort({ summary }: Finding): string {
  return summary.split(/[:.] /, 1)[0] ?? summary;
}

function lowerCase(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function sentences(clauses: readonly string[]): readonly string[] {
  return clauses.map((clause) => `${clause}.`);
}
