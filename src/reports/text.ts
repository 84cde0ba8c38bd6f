/** The report on the terminal: the verdict, each finding with what shows it, and what was not seen. */
import type { Detail, Finding, Severity } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { errnoName } from './errno.ts';
import { eventLine } from './event-line.ts';
import { recordingCommands } from './recording.ts';
import { plainStyle, type TextStyle } from './text-style.ts';
import { count, counted, formatBytes, type TimeFormat, timeFormat } from './units.ts';
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
const INFO_FINDINGS = 5;
const RECORDING_LINES = 12;

export function renderText(result: Result, options: TextOptions = {}): string {
  const text = new TextReport(visibleResult(result), options);
  return `${text.sections().join('\n\n')}\n`;
}

class TextReport {
  readonly #result: Result;
  readonly #style: TextStyle;
  readonly #width: number;
  readonly #verbose: boolean;
  readonly #time: TimeFormat;

  constructor(result: Result, options: TextOptions) {
    this.#result = result;
    this.#style = options.style ?? plainStyle;
    this.#width = options.width ?? WIDTH;
    this.#verbose = options.verbose ?? false;
    this.#time = timeFormat(result.capture.clock);
  }

  sections(): string[] {
    return [this.#capture(), this.#verdict(), ...this.#findings(), ...this.#notObservable()];
  }

  #capture(): string {
    const { capture, losses, problems } = this.#result;
    const stored = capture.eventTypes.filter((type) => type.selected);
    const storedEvents = stored.reduce((sum, type) => sum + type.events, 0);
    const occurring = capture.eventTypes.filter((type) => type.events > 0);
    const clock = capture.clock.unit === 'ns' ? '' : ', ticks of unknown length';
    const rows: [string, string][] = [
      [
        'Capture',
        `${capture.path} (${capture.format} ${capture.version}, ${formatBytes(capture.sizeBytes)})`,
      ],
      ['Kernel', capture.uname ?? 'not recorded'],
      [
        'Recorded',
        `${this.#time.duration(capture.durationNs)} on ${counted(capture.cpus, 'CPU')}, clock ${capture.clock.name}${clock}`,
      ],
      [
        'Events',
        `${count(capture.events)} of ${counted(occurring.length, 'type')}; ${count(storedEvents)} of the types svm-trace knows`,
      ],
      ['Lost', this.#lossText(losses)],
      ...problems.map((problem): [string, string] => [
        'Problem',
        `${problem.message}${problem.count > 1 ? ` (${count(problem.count)} times)` : ''}`,
      ]),
    ];
    return columns(rows, this.#width);
  }

  #lossText(losses: Result['losses']): string {
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
    const { findings, detectors } = this.#result;
    const clean = detectors.filter((run) => run.outcome === 'clean').length;
    const blind = detectors.filter((run) => run.outcome === 'not-observable').length;
    const failed = detectors.filter((run) => run.outcome === 'error');
    const sentences = [
      findings.length === 0
        ? `No findings: ${counted(clean, 'detector')} looked and found nothing.`
        : `${counted(findings.length, 'finding')}: ${severityCounts(findings)}.`,
      blind > 0
        ? `${count(blind)} of ${counted(detectors.length, 'detector')} could not look (see the end).`
        : '',
      ...failed.map(
        (run) => `Detector ${run.detector} failed: ${run.reason ?? 'no reason given'}.`,
      ),
    ];
    const style = findings.length > 0 ? this.#style.strong : this.#style.good;
    return wrap(sentences.filter(Boolean).join(' '), this.#width).map(style).join('\n');
  }

  #findings(): string[] {
    const { findings } = this.#result;
    const serious = findings.filter((finding) => finding.severity !== 'info');
    const infos = findings.filter((finding) => finding.severity === 'info');
    const shown = this.#verbose ? findings : [...serious, ...infos.slice(0, INFO_FINDINGS)];
    const blocks = shown.map((finding, n) => this.#finding(finding, n + 1));
    const hidden = findings.length - shown.length;
    if (hidden > 0) {
      blocks.push(`${counted(hidden, 'more finding')} of severity info: --verbose shows them.`);
    }
    return blocks;
  }

  #finding(finding: Finding, number: number): string {
    const { width } = { width: this.#width - 3 };
    const head = `${number}. ${this.#style.severity(finding.severity)} ${finding.confidence}  ${this.#style.faint(finding.id)}`;
    const span =
      finding.from === 0 && finding.to === this.#result.capture.durationNs
        ? []
        : [
            [
              'when',
              `${this.#time.moment(finding.from)} to ${this.#time.moment(finding.to)}`,
            ] as const,
          ];
    const details = finding.details.map((detail) => [detail.label, this.#detail(detail)] as const);
    const body = [
      ...wrap(finding.summary, width),
      ...columns([...span, ...details], width - 2)
        .split('\n')
        .filter(Boolean)
        .map((line) => `  ${line}`),
      ...this.#evidence(finding),
      ...finding.next.flatMap((step) => indent(wrap(step, width - 2), 'next: ', '      ')),
    ];
    return [head, ...body.map((line) => `   ${line}`)].join('\n');
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

  #detail({ value }: Detail): string {
    switch (value.type) {
      case 'text':
        return value.value;
      case 'count':
        return count(value.value);
      case 'duration':
        return this.#time.duration(value.ns);
      case 'time':
        return this.#time.moment(value.ns);
      case 'bytes':
        return formatBytes(value.value);
      case 'address':
        return value.hex;
      case 'errno':
        return errnoName(value.value);
      case 'object':
        return value.ref.label;
    }
  }

  #notObservable(): string[] {
    const blind = this.#result.detectors.filter((run) => run.outcome === 'not-observable');
    if (blind.length === 0) return [];
    const enable = [...new Set(blind.flatMap((run) => run.enable ?? []))];
    const commands = recordingCommands(enable).split('\n').filter(Boolean);
    const limit = this.#verbose ? commands.length : RECORDING_LINES;
    const shown = commands.length <= limit ? commands : commands.slice(0, limit);
    const lines = [
      this.#style.strong('Could not look'),
      columns(
        blind.map((run) => [run.detector, run.reason ?? ''] as const),
        this.#width - 2,
      ),
    ];
    if (shown.length > 0) {
      lines.push('To record what they need:', ...shown.map((line) => `  ${line}`));
      const hidden = commands.length - shown.length;
      if (hidden > 0) lines.push(`  (${counted(hidden, 'more line')}: --verbose shows them)`);
    }
    return [lines.join('\n')];
  }
}

const SEVERITIES: readonly Severity[] = ['critical', 'error', 'warn', 'info'];

/** `1 error, 2 warn`. */
function severityCounts(findings: readonly Finding[]): string {
  return SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number > 0 ? [`${number} ${severity}`] : [];
  }).join(', ');
}
