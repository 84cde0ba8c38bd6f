/** The report as Markdown, to be pasted into an issue: what the terminal says, in the same order. */
import type { Finding } from '../analyzers/finding.ts';
import type { LogGroup, Result } from '../analyzers/result.ts';
import { chainText } from './chain-text.ts';
import { type CauseSentence, causeSentences } from './chains.ts';
import { eventLine } from './event-line.ts';
import { withoutFolders } from './inputs.ts';
import { logGroupFirstLine, logGroupName, logGroupSpan, logGroupText } from './kernel-log.ts';
import { markdownCode, markdownTable, markdownText } from './markdown-text.ts';
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
import { counted, type TimeFormat, timeFormat } from './units.ts';
import { visibleWords } from './visible.ts';

export interface MarkdownOptions {
  /** All findings, all evidence lines, all recording commands. */
  readonly verbose?: boolean;
}

/** Width of the code blocks that are not events. */
const WIDTH = 100;

export function renderMarkdown(result: Result, options: MarkdownOptions = {}): string {
  const shown = visibleWords({ ...result, capture: withoutFolders(result.capture) });
  const report = new MarkdownReport(shown, options.verbose ?? false);
  return `${report.blocks().join('\n\n')}\n`;
}

/** Blocks are separated by empty lines. */
class MarkdownReport {
  readonly #result: Result;
  readonly #verbose: boolean;
  readonly #time: TimeFormat;
  readonly #causes: ReadonlyMap<string, CauseSentence>;
  readonly #advice = new Advice();

  constructor(result: Result, verbose: boolean) {
    this.#result = result;
    this.#verbose = verbose;
    this.#time = timeFormat(result.capture.clock);
    this.#causes = causeSentences(result, this.#time);
  }

  blocks(): string[] {
    const unseen = cannotShow(this.#result, this.#verbose);
    return [
      markdownTable(captureRows(this.#result, this.#time)).join('\n'),
      `**${markdownText(verdict(this.#result).text)}**`,
      ...this.#findings(),
      ...this.#kernelLog(),
      ...(unseen === undefined ? [] : cannotShowBlocks(unseen)),
    ];
  }

  #findings(): string[] {
    const placed = placeFindings(this.#result);
    const shown = this.#verbose ? placed : placed.slice(0, SHOWN_AT_MOST.findings);
    const hidden = placed.slice(shown.length).map(({ finding }) => finding);
    return [
      ...shown.flatMap((one) => this.#finding(one)),
      ...(hidden.length > 0
        ? [`And ${severityCounts(hidden)} more: \`--verbose\` shows them.`]
        : []),
    ];
  }

  #finding({ finding, number, relation }: PlacedFinding): string[] {
    const { severity, confidence, id } = finding;
    const related = relation === undefined ? '' : `, ${relationText(relation)}`;
    const rows = findingRows(finding, this.#result, this.#time);
    return [
      `### ${number}. ${severity.toUpperCase()} ${confidence} ${markdownText(id)}${related}`,
      markdownText(finding.summary),
      ...this.#cause(finding),
      ...(rows.length > 0 ? [markdownTable(rows).join('\n')] : []),
      ...this.#evidence(finding),
      ...this.#chain(finding),
      ...this.#next(finding, number),
    ];
  }

  #cause({ id }: Finding): string[] {
    const cause = this.#causes.get(id);
    return cause === undefined ? [] : [`**${cause.word}:** ${markdownText(cause.text)}`];
  }

  #evidence(finding: Finding): string[] {
    const { lines, omitted } = shownEvidence(finding, this.#verbose);
    const events = lines.flatMap((line) =>
      eventLine(line, this.#result.capture.clock)
        .split('\n')
        .map((part) => part.trimEnd()),
    );
    return [
      markdownCode([
        ...events,
        ...(omitted > 0 ? [`  (and ${counted(omitted, 'more event')})`] : []),
      ]),
    ];
  }

  #chain(finding: Finding): string[] {
    const chain = shownChain(finding, this.#verbose);
    if (chain === undefined) return [];
    return [
      `why, at ${this.#time.moment(chain.at)}:`,
      markdownCode(chainText(chain, this.#result.capture.clock, { width: WIDTH })),
    ];
  }

  #next(finding: Finding, number: number): string[] {
    const steps = this.#advice.of(finding, number);
    if (typeof steps === 'number') return [`next: as for finding ${steps}`];
    return steps.length === 0
      ? []
      : [steps.map((step) => `- next: ${markdownText(step)}`).join('\n')];
  }

  #kernelLog(): string[] {
    const groups = this.#result.kernelLog;
    if (groups.length === 0) return [];
    const shown = this.#verbose ? groups : groups.slice(0, SHOWN_AT_MOST.logGroups);
    const hidden = groups.length - shown.length;
    return [
      '### Kernel log',
      ...shown.flatMap((group) => this.#logGroup(group)),
      ...(hidden > 0 ? [`And ${counted(hidden, 'more kind')}: \`--verbose\` shows them.`] : []),
    ];
  }

  #logGroup(group: LogGroup): string[] {
    return [
      `**${markdownText(logGroupName(group))}**`,
      `${logGroupSpan(group, this.#time)}: ${markdownText(logGroupText(group))}`,
      markdownCode([logGroupFirstLine(group)]),
    ];
  }
}

function cannotShowBlocks({ remarks, blind, commands, commandsHidden }: CannotShow): string[] {
  const steps = remarks.flatMap(({ summary, next }) => [
    `- ${markdownText(summary)}`,
    ...next.map((step) => `  - next: ${markdownText(step)}`),
  ]);
  const hidden = `(${counted(commandsHidden, 'more line')}: \`--verbose\` shows them)`;
  const recording = [
    'To let these detectors look, record this too:',
    markdownCode(commands, 'sh'),
    ...(commandsHidden > 0 ? [hidden] : []),
  ];
  // long, and read last: GitHub folds it
  const folded = [
    `<details><summary>${counted(blind.length, 'detector')} could not look</summary>`,
    markdownTable([['detector', 'reason'], ...blind]).join('\n'),
    ...(commands.length > 0 ? recording : []),
    '</details>',
  ];
  return [
    '### What this recording cannot show',
    ...(steps.length > 0 ? [steps.join('\n')] : []),
    ...(blind.length > 0 ? folded : []),
  ];
}
