/** The report on the terminal: the verdict, each finding with what shows it, and what was not seen. */
import type { Finding } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { chainText } from './chain-text.ts';
import { detailText } from './detail-text.ts';
import { eventLine } from './event-line.ts';
import { isAboutRecording, SEVERITIES } from './importance.ts';
import { inputRows, recordedSpan, recordedText } from './inputs.ts';
import { logGroupLines } from './kernel-log.ts';
import { type PlacedFinding, placeFindings, type Relation } from './placed-findings.ts';
import { recordingCommands } from './recording.ts';
import { plainStyle, type TextStyle } from './text-style.ts';
import { count, counted, type TimeFormat, timeFormat } from './units.ts';
import { visibleResult } from './visible.ts';
import { columns, indent, wrap } from './wrap.ts';

export interface TextOptions {
  readonly style?: TextStyle;
  /** Width sentences are wrapped at. */
  readonly width?: number;
  /** All evidence lines and details, all recording commands. */
  readonly verbose?: boolean;
}

const WIDTH = 100;
const EVIDENCE_LINES = 6;
/** More findings than this are only counted. */
const FINDINGS = 20;
const RECORDING_LINES = 12;
/** Kinds of kernel log records shown. */
const LOG_GROUPS = 12;

export function renderText(result: Result, options: TextOptions = {}): string {
  // the text shows nothing of the rest, which is long
  const shown = visibleResult({ ...result, timeline: [], objects: [], distributions: [] });
  const text = new TextReport(shown, options);
  return `${text.sections().join('\n\n')}\n`;
}

class TextReport {
  readonly #result: Result;
  readonly #style: TextStyle;
  readonly #width: number;
  readonly #verbose: boolean;
  readonly #time: TimeFormat;
  /** Next steps already shown, and with which finding. */
  readonly #advice = new Map<string, number>();
  readonly #placed: readonly PlacedFinding[];

  constructor(result: Result, options: TextOptions) {
    this.#result = result;
    this.#style = options.style ?? plainStyle;
    this.#width = options.width ?? WIDTH;
    this.#verbose = options.verbose ?? false;
    this.#time = timeFormat(result.capture.clock);
    this.#placed = placeFindings(result);
  }

  sections(): string[] {
    return [
      this.#capture(),
      this.#verdict(),
      ...this.#findings(),
      ...this.#kernelLog(),
      ...this.#notObservable(),
    ];
  }

  #capture(): string {
    const { capture, losses, problems } = this.#result;
    const stored = capture.eventTypes.filter((type) => type.selected);
    const storedEvents = stored.reduce((sum, type) => sum + type.events, 0);
    const occurring = capture.eventTypes.filter((type) => type.events > 0);
    const clock = capture.clock.unit === 'ns' ? '' : ', ticks of unknown length';
    const rows: [string, string][] = [
      ...inputRows(capture),
      ['Kernel', capture.uname ?? 'not recorded'],
      [
        'Recorded',
        `${recordedText(capture, this.#time)}${capture.cpus > 0 ? ` on ${counted(capture.cpus, 'CPU')}` : ''}, clock ${capture.clock.name}${clock}`,
      ],
      [
        'Events',
        `${count(capture.events)} of ${counted(occurring.length, 'type')}, ${storedEvents === capture.events ? 'all stored' : `${count(storedEvents)} of them stored and the rest counted`}`,
      ],
      ...this.#objects(),
      ['Lost', this.#lossText(losses)],
      ...problems.map((problem): [string, string] => [
        problem.severity === 'info' ? 'Note' : 'Problem',
        `${problem.message}${problem.count > 1 ? ` (${count(problem.count)} times)` : ''}`,
      ]),
    ];
    return columns(rows, this.#width);
  }

  #objects(): [string, string][] {
    const kinds = this.#result.objectCounts.map((seen) => {
      const noun = seen.kind.replaceAll('_', ' ');
      return counted(seen.count, noun, /(s|sh|ch|x)$/.test(noun) ? `${noun}es` : `${noun}s`);
    });
    return kinds.length === 0 ? [] : [['Objects', kinds.join(', ')]];
  }

  #lossText(all: Result['losses']): string {
    const losses = all.filter((loss) => loss.kind !== 'ended');
    const ended = all
      .filter((loss) => loss.kind === 'ended')
      .map(({ buffer }) => buffer || 'the first');
    const early = ended.length > 0 ? `; ${ended.join(', ')} ended before the others` : '';
    return `${this.#lostText(losses)}${this.#style.bad(early)}`;
  }

  #lostText(losses: Result['losses']): string {
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
    return this.#style.bad(parts.filter(Boolean).join(' '));
  }

  #verdict(): string {
    const findings = this.#placed.map(({ finding }) => finding);
    const runs = this.#result.detectors.filter((run) => !isAboutRecording(run));
    const looked = runs.filter((run) => run.outcome === 'clean' || run.outcome === 'findings');
    const blind = runs.filter((run) => run.outcome === 'not-observable').length;
    const failed = runs.filter((run) => run.outcome === 'error');
    const nothing =
      looked.length === 0
        ? `Nothing can be said${blind > 0 ? ': this capture lacks the events that the detectors need' : ''}.`
        : `No findings: ${counted(looked.length, 'detector')} looked and found nothing.`;
    const sentences = [
      findings.length === 0
        ? nothing
        : `${counted(findings.length, 'finding')}${this.#incidents(findings)}: ${severityCounts(findings)}.`,
      blind > 0
        ? `${count(blind)} of ${counted(runs.length, 'detector')} could not look (see the end).`
        : '',
      ...failed.map(
        (run) => `Detector ${run.detector} failed: ${run.reason ?? 'no reason given'}.`,
      ),
    ];
    const clean = findings.length === 0 && looked.length > 0 && failed.length === 0;
    const style = clean ? this.#style.good : this.#style.strong;
    return wrap(sentences.filter(Boolean).join(' '), this.#width).map(style).join('\n');
  }

  #incidents(findings: readonly Finding[]): string {
    const { incidents } = this.#result;
    return incidents.length === 0 || incidents.length === findings.length
      ? ''
      : ` in ${counted(incidents.length, 'incident')}`;
  }

  #findings(): string[] {
    const shown = this.#verbose ? this.#placed : this.#placed.slice(0, FINDINGS);
    const blocks = shown.map((placed) => this.#finding(placed));
    const hidden = this.#placed.slice(shown.length).map(({ finding }) => finding);
    if (hidden.length > 0) {
      blocks.push(`And ${severityCounts(hidden)} more: --verbose shows them.`);
    }
    return blocks;
  }

  #finding({ finding, number, relation }: PlacedFinding): string {
    const width = this.#width - 3;
    const head = `${number}. ${this.#style.severity(finding.severity)} ${finding.confidence}  ${this.#style.faint(finding.id)}${relationText(relation)}`;
    const span =
      finding.from === 0 && finding.to === recordedSpan(this.#result.capture).to
        ? []
        : [
            [
              'when',
              `${this.#time.moment(finding.from)} to ${this.#time.moment(finding.to)}`,
            ] as const,
          ];
    const details = finding.details.map(
      (detail) => [detail.label, detailText(detail.value, this.#time)] as const,
    );
    const body = [
      ...wrap(finding.summary, width),
      ...lines(columns([...span, ...details], width - 2)).map((line) => `  ${line}`),
      ...this.#evidence(finding),
      ...this.#chain(finding, width),
      ...this.#next(finding, number, width),
    ];
    return [head, ...body.map((line) => `   ${line}`)].join('\n');
  }

  /** A single link says no more than the sentence above it. */
  #chain({ chain }: Finding, width: number): string[] {
    if (chain === undefined || (chain.hops.length === 1 && !this.#verbose)) return [];
    const path = chainText(chain, this.#result.capture.clock, { width: width - 2 });
    const at = this.#time.moment(chain.at);
    return [`why, at ${at}:`, ...path.map((line) => `  ${line}`)];
  }

  /** Findings of one kind often have the same next steps: they are said once. */
  #next(finding: Finding, number: number, width: number): string[] {
    if (finding.next.length === 0) return [];
    const steps = finding.next.join('\n');
    const earlier = this.#advice.get(steps);
    if (earlier !== undefined) return [`next: as for finding ${earlier}`];
    this.#advice.set(steps, number);
    return finding.next.flatMap((step) => indent(wrap(step, width - 6), 'next: ', '      '));
  }

  #evidence(finding: Finding): string[] {
    const { evidence } = finding;
    const limit = this.#verbose ? evidence.length : EVIDENCE_LINES;
    const chosen =
      evidence.length <= limit
        ? evidence
        : [...evidence.slice(0, limit / 2), ...evidence.slice(-limit / 2)];
    const lines = chosen.flatMap((line) =>
      eventLine(line, this.#result.capture.clock)
        .split('\n')
        .map((part) => this.#style.faint(part)),
    );
    const omitted = finding.evidenceOmitted + evidence.length - chosen.length;
    if (omitted > 0) lines.push(this.#style.faint(`  (and ${counted(omitted, 'more event')})`));
    return lines;
  }

  #kernelLog(): string[] {
    const groups = this.#result.kernelLog;
    if (groups.length === 0) return [];
    const shown = this.#verbose ? groups : groups.slice(0, LOG_GROUPS);
    const hidden = groups.length - shown.length;
    return [
      [
        this.#style.strong('Kernel log'),
        ...shown.flatMap((group) =>
          logGroupLines(group, this.#time, this.#width - 2).map((line) => `  ${line}`),
        ),
        ...(hidden > 0 ? [`  And ${counted(hidden, 'more kind')}: --verbose shows them.`] : []),
      ].join('\n'),
    ];
  }

  #notObservable(): string[] {
    const remarks = this.#result.findings.filter(isAboutRecording);
    const blind = this.#result.detectors.filter((run) => run.outcome === 'not-observable');
    if (remarks.length + blind.length === 0) return [];
    const width = this.#width - 2;
    const steps = remarks.flatMap((remark) => [
      ...indent(wrap(remark.summary, width), '- ', '  '),
      // the commands below say the same about probes, ready to paste
      ...(remark.key.what === 'probes' && !this.#verbose ? [] : remark.next).flatMap((step) =>
        indent(wrap(step, width - 8), '  next: ', '        '),
      ),
    ]);
    const rows = blind.map((run) => [run.detector, run.reason ?? ''] as const);
    return [
      [
        this.#style.strong('What this recording cannot show'),
        ...steps,
        ...lines(columns(rows, width)).map((line) => `  ${line}`),
        ...this.#recording(blind.flatMap((run) => run.enable ?? [])),
      ].join('\n'),
    ];
  }

  #recording(enable: readonly string[]): string[] {
    const commands = lines(recordingCommands([...new Set(enable)]));
    if (commands.length === 0) return [];
    const shown = this.#verbose ? commands : commands.slice(0, RECORDING_LINES);
    const hidden = commands.length - shown.length;
    return [
      'To let these detectors look:',
      ...shown.map((line) => `  ${line}`),
      ...(hidden > 0 ? [`  (${counted(hidden, 'more line')}: --verbose shows them)`] : []),
    ];
  }
}

function relationText(relation: Relation | undefined): string {
  if (relation === undefined) return '';
  return `  ${relation.word} ${relation.others.map(({ number }) => number).join(', ')}`;
}

/** `1 error, 2 warn`. */
function severityCounts(findings: readonly Finding[]): string {
  return SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number > 0 ? [`${number} ${severity}`] : [];
  }).join(', ');
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean);
}
