/** What the summary on the terminal and the one in Markdown both say, and how much of it. */
import type { DetectorRun } from '../analyzers/detector.ts';
import type { EvidenceLine, Finding, FindingChain, Incident } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { detailText } from './detail-text.ts';
import { isAboutRecording, SEVERITIES } from './importance.ts';
import { inputRows, recordedSpan, recordedText } from './inputs.ts';
import { kernelText, machineText } from './machine.ts';
import type { Relation } from './placed-findings.ts';
import { recordingCommands } from './recording.ts';
import { plainStyle, type TextStyle } from './text-style.ts';
import { count, counted, type TimeFormat } from './units.ts';

/** How much is shown unless all of it is asked for. */
export const SHOWN_AT_MOST: {
  readonly findings: number;
  readonly evidenceLines: number;
  /** Kinds of kernel log records. */
  readonly logGroups: number;
  readonly recordingLines: number;
} = { findings: 20, evidenceLines: 6, logGroups: 12, recordingLines: 12 };

type Row = readonly [label: string, text: string];

/** The recording: what it is of, and how complete. */
export function captureRows(
  result: Result,
  time: TimeFormat,
  style: TextStyle = plainStyle,
): readonly Row[] {
  const { capture, losses, problems } = result;
  const stored = capture.eventTypes.filter((type) => type.selected);
  const storedEvents = stored.reduce((sum, type) => sum + type.events, 0);
  const occurring = capture.eventTypes.filter((type) => type.events > 0);
  const clock = capture.clock.unit === 'ns' ? '' : ', ticks of unknown length';
  return [
    ...inputRows(capture),
    ['Kernel', kernelText(capture)],
    ['Machine', machineText(capture)],
    ['Recorded', `${recordedText(capture, time)}, clock ${capture.clock.name}${clock}`],
    [
      'Events',
      `${count(capture.events)} of ${counted(occurring.length, 'type')}, ${storedEvents === capture.events ? 'all stored' : `${count(storedEvents)} of them stored and the rest counted`}`,
    ],
    ...objectRows(result),
    ['Lost', lossText(losses, style)],
    ...problems.map(
      (problem): Row => [
        problem.severity === 'info' ? 'Note' : 'Problem',
        `${problem.message}${problem.count > 1 ? ` (${count(problem.count)} times)` : ''}`,
      ],
    ),
  ];
}

function objectRows({ objectCounts }: Result): Row[] {
  const kinds = objectCounts.map((seen) => {
    const noun = seen.kind.replaceAll('_', ' ');
    return counted(seen.count, noun, /(s|sh|ch|x)$/.test(noun) ? `${noun}es` : `${noun}s`);
  });
  return kinds.length === 0 ? [] : [['Objects', kinds.join(', ')]];
}

function lossText(all: Result['losses'], style: TextStyle): string {
  const losses = all.filter((loss) => loss.kind !== 'ended');
  const ended = all
    .filter((loss) => loss.kind === 'ended')
    .map(({ buffer }) => buffer || 'the first');
  const early = ended.length > 0 ? `; ${ended.join(', ')} ended before the others` : '';
  return `${lostText(losses, style)}${style.bad(early)}`;
}

function lostText(losses: Result['losses'], style: TextStyle): string {
  if (losses.length === 0) return 'no events';
  const known = losses.reduce((sum, loss) => sum + (loss.events ?? 0), 0);
  const unknown = losses.filter((loss) => loss.events === null).length;
  const overwritten = losses.filter((loss) => loss.kind === 'overwritten').length;
  const truncated = losses.filter((loss) => loss.kind === 'truncated').length;
  const parts = [
    known > 0
      ? `${counted(known, 'event')}${unknown > 0 ? ' and more' : ''}`
      : 'events, number unknown,',
    `in ${counted(losses.length, 'place')}`,
    overwritten > 0 ? `(${count(overwritten)} overwritten before the recording was taken)` : '',
    truncated > 0 ? '(the file ends early)' : '',
  ];
  return style.bad(parts.filter(Boolean).join(' '));
}

export interface Verdict {
  readonly text: string;
  /** Whether something looked, nothing was found and nothing failed. */
  readonly isClean: boolean;
}

/** `where` it says more of the detectors that could not look. */
export function verdict(result: Result, where = ' (see the end)'): Verdict {
  const findings = result.findings.filter((finding) => !isAboutRecording(finding));
  const runs = result.detectors.filter((run) => !isAboutRecording(run));
  const looked = runs.filter((run) => run.outcome === 'clean' || run.outcome === 'findings');
  const blind = runs.filter((run) => run.outcome === 'not-observable').length;
  const failed = runs.filter((run) => run.outcome === 'error');
  const nothing =
    looked.length === 0
      ? `Nothing can be said${blind > 0 ? ': this capture lacks the events that the detectors need' : ''}.`
      : `Nothing wrong was found by ${counted(looked.length, 'detector')}.`;
  const sentences = [
    findings.length === 0
      ? nothing
      : `${counted(findings.length, 'finding')}${inIncidents(findings, result.incidents)}: ${severityCounts(findings)}.`,
    blind > 0
      ? `${count(blind)} of ${counted(runs.length, 'detector')} could not look${where}.`
      : '',
    ...failed.map((run) => `Detector ${run.detector} failed: ${run.reason ?? 'no reason given'}.`),
  ];
  return {
    text: sentences.filter(Boolean).join(' '),
    isClean: findings.length === 0 && looked.length > 0 && failed.length === 0,
  };
}

function inIncidents(findings: readonly Finding[], incidents: readonly Incident[]): string {
  return incidents.length === 0 || incidents.length === findings.length
    ? ''
    : ` in ${counted(incidents.length, 'incident')}`;
}

/** `1 error, 2 warn`. */
export function severityCounts(findings: readonly Finding[]): string {
  return SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number > 0 ? [`${number} ${severity}`] : [];
  }).join(', ');
}

/** `cause of 2, 3`. */
export function relationText({ word, others, more }: Relation): string {
  const rest = more > 0 ? ` and ${count(more)} more` : '';
  return `${word} ${others.map(({ number }) => number).join(', ')}${rest}`;
}

/** When it happened, unless that is the whole recording, and its values. */
export function findingRows(finding: Finding, result: Result, time: TimeFormat): readonly Row[] {
  const whole = finding.from === 0 && finding.to === recordedSpan(result.capture).to;
  return [
    ...(whole
      ? []
      : [['when', `${time.moment(finding.from)} to ${time.moment(finding.to)}`] as const]),
    ...finding.details.map((detail): Row => [detail.label, detailText(detail.value, time)]),
  ];
}

/** The first and the last of the evidence, and how many events are left out. */
export function shownEvidence(
  { evidence, evidenceOmitted }: Finding,
  verbose: boolean,
): { readonly lines: readonly EvidenceLine[]; readonly omitted: number } {
  const limit = verbose ? evidence.length : SHOWN_AT_MOST.evidenceLines;
  const lines =
    evidence.length <= limit
      ? evidence
      : [...evidence.slice(0, limit / 2), ...evidence.slice(-limit / 2)];
  return { lines, omitted: evidenceOmitted + evidence.length - lines.length };
}

/** A single link says no more than the sentence of the finding. */
export function shownChain({ chain }: Finding, verbose: boolean): FindingChain | undefined {
  return chain !== undefined && (chain.hops.length > 1 || verbose) ? chain : undefined;
}

/** Findings of one kind often have the same next steps: they are said once. */
export class Advice {
  /** Next steps already given, and with which finding. */
  readonly #given = new Map<string, number>();

  /** The steps, or the number of the finding that had them before. */
  of({ next }: Finding, number: number): readonly string[] | number {
    if (next.length === 0) return [];
    const steps = next.join('\n');
    const earlier = this.#given.get(steps);
    if (earlier !== undefined) return earlier;
    this.#given.set(steps, number);
    return next;
  }
}

/** Detectors that could not look, and what would have to be recorded for them. */
export function unseen(result: Result): {
  readonly runs: readonly DetectorRun[];
  readonly enable: readonly string[];
} {
  const runs = result.detectors.filter((run) => run.outcome === 'not-observable');
  return { runs, enable: [...new Set(runs.flatMap((run) => run.enable ?? []))] };
}

export interface CannotShow {
  readonly remarks: readonly { readonly summary: string; readonly next: readonly string[] }[];
  /** Detectors that could not look, and why. */
  readonly blind: readonly Row[];
  /** Lines of shell that record what they need. */
  readonly commands: readonly string[];
  readonly commandsHidden: number;
}

/** Undefined where nothing was out of sight. */
export function cannotShow(result: Result, verbose: boolean): CannotShow | undefined {
  const remarks = result.findings.filter(isAboutRecording);
  const { runs: blind, enable } = unseen(result);
  if (remarks.length + blind.length === 0) return undefined;
  const all = recordingCommands(enable).split('\n').filter(Boolean);
  const commands = verbose ? all : all.slice(0, SHOWN_AT_MOST.recordingLines);
  return {
    remarks: remarks.map(({ summary, next, key }) => ({
      summary,
      // the commands say the same about probes, ready to paste
      next: key.what === 'probes' && !verbose ? [] : next,
    })),
    blind: blind.map((run): Row => [run.detector, run.reason ?? '']),
    commands,
    commandsHidden: all.length - commands.length,
  };
}
