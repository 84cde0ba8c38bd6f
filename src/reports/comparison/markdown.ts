/** A comparison as Markdown: for pull requests, and for the step summary of a CI job. */
import type { Comparison, FigureComparison, FindingComparison } from '../../compare/comparison.ts';
import type { Gate } from '../../compare/gate.ts';
import { visible } from '../visible.ts';
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
    `## ${escaped(comparisonHeadline(comparison, verdict))}`,
    '',
    `${calibrationText(comparison)}.`,
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
  return sentences.length === 0 ? [] : ['', ...sentences.map((line) => `- ${escaped(line)}`)];
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
  return [
    '| verdict | metric | base | new | change (95 % interval) | runs | p | q | runs needed |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map((row) => `| ${row.map(escaped).join(' | ')} |`),
  ];
}

function findingLines(finding: FindingComparison): string[] {
  const gates = finding.gates ? ' (fails the build)' : '';
  return [
    `- **${finding.verdict}** ${finding.severity} \`${finding.detector}\`${gates}: ${presenceText(finding)}`,
    ...[finding.new.incident, finding.base.incident].flatMap((incident) =>
      incident
        ? [`  - ${escaped(incident.summary)} (${escaped(incident.path)}, ${incident.finding})`]
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
      ([reason, metrics]) => `- ${escaped(reason)}: ${[...new Set(metrics)].join(', ')}`,
    ),
    '',
    '</details>',
  ];
}

/** Names in captures are hostile: none of them may become markup. */
function escaped(text: string): string {
  return visible(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_{}[\]()#|!@~]/g, (character) =>
      character === '(' || character === ')' ? character : `\\${character}`,
    );
}
