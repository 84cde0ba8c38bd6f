/** A comparison as Markdown: for pull requests, and for the step summary of a CI job. */
import type { Comparison, FigureComparison, FindingComparison } from '../../compare/comparison.ts';
import type { Gate } from '../../compare/gate.ts';
import { markdownTable, markdownText } from '../markdown-text.ts';
import {
  calibrationText,
  changeText,
  comparisonHeadline,
  intervalText,
  presenceText,
  probabilityText,
  runsNeededText,
  runsText,
  splitFigures,
  valueText,
} from './words.ts';

const MARKS: Readonly<Record<FigureComparison['verdict'], string>> = {
  regressed: '🔴',
  suspect: '🟠',
  improved: '🟢',
  changed: '🔵',
  inconclusive: '⚪',
  same: '✅',
  'not comparable': '⚫',
};

export function renderComparisonMarkdown(comparison: Comparison, verdict: Gate): string {
  const { compared, apart } = splitFigures(comparison);
  const lines = [
    `## ${markdownText(comparisonHeadline(comparison, verdict))}`,
    '',
    `${markdownText(calibrationText(comparison))}.`,
    ...bullets([...comparison.obstacles, ...comparison.notes]),
    ...(compared.length > 0 ? ['', ...figureTable(compared)] : []),
    ...(comparison.findings.length > 0
      ? ['', '### Findings', '', ...comparison.findings.flatMap(findingLines)]
      : []),
    ...apartLines(apart),
  ];
  return `${lines.join('\n')}\n`;
}

function bullets(sentences: readonly string[]): string[] {
  return sentences.length === 0 ? [] : ['', ...sentences.map((line) => `- ${markdownText(line)}`)];
}

function figureTable(figures: readonly FigureComparison[]): string[] {
  const rows = figures.map((figure) => [
    `${MARKS[figure.verdict]} ${figure.verdict}`,
    `${figure.statistic === 'rate' ? figure.metric : figure.id}${figure.unit === 'ns' ? '' : `, ${figure.unit}`}`,
    valueText(figure.base.median, figure),
    valueText(figure.new.median, figure),
    `${changeText(figure.ratio)} (${intervalText(figure.ci95)})`,
    runsText(figure),
    probabilityText(figure.p),
    probabilityText(figure.q),
    runsNeededText(figure),
  ]);
  return markdownTable(
    [
      [
        'verdict',
        'metric',
        'base',
        'new',
        'change (95 % interval)',
        'runs',
        'p',
        'q',
        'runs needed',
      ],
      ...rows,
    ],
    ['---', '---', ...Array<string>(7).fill('---:')],
  );
}

function findingLines(finding: FindingComparison): string[] {
  const gates = finding.gates ? ' (fails the build)' : '';
  return [
    `- **${finding.verdict}** ${finding.severity} \`${finding.detector}\`${gates}: ${presenceText(finding)}`,
    ...[finding.new.incident, finding.base.incident].flatMap((incident) =>
      incident
        ? [
            `  - ${markdownText(incident.summary)} (${markdownText(incident.path)}, ${incident.finding})`,
          ]
        : [],
    ),
  ];
}

function apartLines(apart: ReadonlyMap<string, readonly string[]>): string[] {
  if (apart.size === 0) return [];
  return [
    '',
    '<details><summary>Not comparable</summary>',
    '',
    ...[...apart].map(
      ([reason, metrics]) =>
        `- ${markdownText(reason)}: ${markdownText([...new Set(metrics)].join(', '))}`,
    ),
    '',
    '</details>',
  ];
}
