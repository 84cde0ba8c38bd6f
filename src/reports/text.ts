/** The report on the terminal: the verdict, each finding with what shows it, and what was not seen. */
import type { Finding } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { chainText } from './chain-text.ts';
import { type CauseSentence, causeSentences } from './chains.ts';
import { eventLine } from './event-line.ts';
import { logGroupLines } from './kernel-log.ts';
import { type PlacedFinding, placeFindings } from './placed-findings.ts';
import {
  Advice,
  type CannotShow,
  cannotShow,
  captureRows,
  findingRows,
  relationText,
  SHOWN_AT_MOST,
  severityCounts,
  shownChain,
  shownEvidence,
  verdict,
} from './summary.ts';
import { plainStyle, type TextStyle } from './text-style.ts';
import { counted, type TimeFormat, timeFormat } from './units.ts';
import { visibleWords } from './visible.ts';
import { columns, indent, wrap } from './wrap.ts';

export interface TextOptions {
  readonly style?: TextStyle;
  /** Width sentences are wrapped at. */
  readonly width?: number;
  /** All evidence lines and details, all recording commands. */
  readonly verbose?: boolean;
}

const WIDTH = 100;

export function renderText(result: Result, options: TextOptions = {}): string {
  const text = new TextReport(visibleWords(result), options);
  return `${text.sections().join('\n\n')}\n`;
}

class TextReport {
  readonly #result: Result;
  readonly #style: TextStyle;
  readonly #width: number;
  readonly #verbose: boolean;
  readonly #time: TimeFormat;
  readonly #causes: ReadonlyMap<string, CauseSentence>;
  readonly #advice = new Advice();

  constructor(result: Result, options: TextOptions) {
    this.#result = result;
    this.#style = options.style ?? plainStyle;
    this.#width = options.width ?? WIDTH;
    this.#verbose = options.verbose ?? false;
    this.#time = timeFormat(result.capture.clock);
    this.#causes = causeSentences(result, this.#time);
  }

  sections(): string[] {
    const unseen = cannotShow(this.#result, this.#verbose);
    return [
      columns(captureRows(this.#result, this.#time, this.#style), this.#width),
      this.#verdict(),
      ...this.#findings(),
      ...this.#kernelLog(),
      ...(unseen === undefined ? [] : [this.#cannotShow(unseen)]),
    ];
  }

  #verdict(): string {
    const { text, isClean } = verdict(this.#result);
    const style = isClean ? this.#style.good : this.#style.strong;
    return wrap(text, this.#width).map(style).join('\n');
  }

  #findings(): string[] {
    const placed = placeFindings(this.#result);
    const shown = this.#verbose ? placed : placed.slice(0, SHOWN_AT_MOST.findings);
    const blocks = shown.map((one) => this.#finding(one));
    const hidden = placed.slice(shown.length).map(({ finding }) => finding);
    if (hidden.length > 0) {
      blocks.push(`And ${severityCounts(hidden)} more: --verbose shows them.`);
    }
    return blocks;
  }

  #finding({ finding, number, relation }: PlacedFinding): string {
    const width = this.#width - 3;
    const related = relation === undefined ? '' : `  ${relationText(relation)}`;
    const head = `${number}. ${this.#style.severity(finding.severity)} ${finding.confidence}  ${this.#style.faint(finding.id)}${related}`;
    const rows = findingRows(finding, this.#result, this.#time);
    const body = [
      ...wrap(finding.summary, width),
      ...this.#cause(finding, width),
      ...lines(columns(rows, width - 2)).map((line) => `  ${line}`),
      ...this.#evidence(finding),
      ...this.#chain(finding, width),
      ...this.#next(finding, number, width),
    ];
    return [head, ...body.map((line) => `   ${line}`)].join('\n');
  }

  #cause({ id }: Finding, width: number): string[] {
    const cause = this.#causes.get(id);
    return cause === undefined ? [] : wrap(`${cause.word}: ${cause.text}`, width);
  }

  #chain(finding: Finding, width: number): string[] {
    const chain = shownChain(finding, this.#verbose);
    if (chain === undefined) return [];
    const path = chainText(chain, this.#result.capture.clock, { width: width - 2 });
    const at = this.#time.moment(chain.at);
    return [`why, at ${at}:`, ...path.map((line) => `  ${line}`)];
  }

  #next(finding: Finding, number: number, width: number): string[] {
    const steps = this.#advice.of(finding, number);
    if (typeof steps === 'number') return [`next: as for finding ${steps}`];
    return steps.flatMap((step) => indent(wrap(step, width - 6), 'next: ', '      '));
  }

  #evidence(finding: Finding): string[] {
    const evidence = shownEvidence(finding, this.#verbose);
    const shown = evidence.lines.flatMap((line) =>
      eventLine(line, this.#result.capture.clock)
        .split('\n')
        .map((part) => this.#style.faint(part)),
    );
    const { omitted } = evidence;
    if (omitted > 0) shown.push(this.#style.faint(`  (and ${counted(omitted, 'more event')})`));
    return shown;
  }

  #kernelLog(): string[] {
    const groups = this.#result.kernelLog;
    if (groups.length === 0) return [];
    const shown = this.#verbose ? groups : groups.slice(0, SHOWN_AT_MOST.logGroups);
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

  #cannotShow({ remarks, blind, commands, commandsHidden }: CannotShow): string {
    const width = this.#width - 2;
    const steps = remarks.flatMap(({ summary, next }) => [
      ...indent(wrap(summary, width), '- ', '  '),
      ...next.flatMap((step) => indent(wrap(step, width - 8), '  next: ', '        ')),
    ]);
    const recording = [
      'To let these detectors look, record this too:',
      ...commands.map((line) => `  ${line}`),
      ...(commandsHidden > 0
        ? [`  (${counted(commandsHidden, 'more line')}: --verbose shows them)`]
        : []),
    ];
    return [
      this.#style.strong('What this recording cannot show'),
      ...steps,
      ...lines(columns(blind, width)).map((line) => `  ${line}`),
      ...(commands.length > 0 ? recording : []),
    ].join('\n');
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean);
}
