/** A comparison on the terminal. */
import type { Comparison, FigureComparison, FindingComparison } from '../../compare/comparison.ts';
import type { Gate } from '../../compare/gate.ts';
import { plainStyle, type TextStyle } from '../text-style.ts';
import { counted } from '../units.ts';
import { visible } from '../visible.ts';
import { columns, indent, wrap } from '../wrap.ts';
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

export interface ComparisonTextOptions {
  readonly style?: TextStyle;
  readonly width?: number;
}

const HEAD = [
  'verdict',
  'metric',
  'base',
  'new',
  'change',
  '95 % interval',
  'runs',
  'p',
  'q',
  'needs',
];
/** Columns of numbers. */
const RIGHT = new Set([2, 3, 4, 6, 7, 8, 9]);

export function renderComparisonText(
  comparison: Comparison,
  verdict: Gate,
  { style = plainStyle, width = 100 }: ComparisonTextOptions = {},
): string {
  const { compared, apart } = splitFigures(comparison);
  const sections = [
    style.strong(comparisonHeadline(comparison, verdict)),
    columns(
      [
        ['Base', sideText(comparison.base)],
        ['New', sideText(comparison.new)],
        ['Test', calibrationText(comparison)],
        ...comparison.obstacles.map((line): [string, string] => ['Obstacle', visible(line)]),
        ...comparison.notes.map((line): [string, string] => ['Note', visible(line)]),
      ],
      width,
    ),
    compared.length > 0 ? figureTable(compared, style) : '',
    ...remarks(compared, width),
    findingsText(comparison.findings, style, width),
    apartText(apart, width),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function sideText({ label, runs }: Comparison['base']): string {
  const kernels = [...new Set(runs.map(({ uname }) => uname ?? 'unknown kernel'))];
  return visible(`${label}: ${counted(runs.length, 'run')} of ${kernels.join(', ')}`);
}

function figureTable(figures: readonly FigureComparison[], style: TextStyle): string {
  const rows = figures.map((figure) => [
    figure.verdict,
    figure.statistic === 'rate' ? figure.metric : figure.id,
    valueText(figure.base.median, figure),
    `${valueText(figure.new.median, figure)}${figure.statistic === 'rate' ? ` ${figure.unit}` : ''}`,
    changeText(figure.ratio),
    intervalText(figure.ci95),
    runsText(figure),
    probabilityText(figure.p),
    probabilityText(figure.q),
    runsNeededText(figure),
  ]);
  const widths = HEAD.map((head, n) =>
    Math.max(head.length, ...rows.map((row) => row[n]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, n) =>
        RIGHT.has(n) ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [
    style.faint(line(HEAD)),
    ...rows.map((row, n) => coloured(line(row), figures[n], style)),
  ].join('\n');
}

function coloured(line: string, figure: FigureComparison | undefined, style: TextStyle): string {
  if (figure?.verdict === 'regressed') return style.bad(line);
  if (figure?.verdict === 'improved') return style.good(line);
  return figure?.verdict === 'same' ? style.faint(line) : line;
}

/** What the table has no room for. */
function remarks(figures: readonly FigureComparison[], width: number): string[] {
  const lines: string[] = [];
  if (figures.some(({ runsNeeded }) => runsNeeded !== null)) {
    lines.push(
      'needs = runs a side that would find a change of that size, or of the size that matters, in four of five comparisons',
    );
  }
  for (const { id, reason, verdict } of figures) {
    if (reason && verdict !== 'not comparable') lines.push(`${id}: ${reason}`);
  }
  return lines.length === 0 ? [] : [lines.flatMap((line) => wrap(line, width)).join('\n')];
}

function findingsText(
  findings: readonly FindingComparison[],
  style: TextStyle,
  width: number,
): string {
  const lines = findings.flatMap((finding) => {
    const title = `${finding.verdict.toUpperCase()}  ${style.severity(finding.severity)} ${finding.detector}${finding.gates ? ' (gates)' : ''}`;
    const incidents = [finding.new.incident, finding.base.incident].flatMap((incident) =>
      incident
        ? indent(wrap(visible(incident.summary), width - 4), '    ', '    ').concat(
            `    ${visible(incident.path)} ${incident.finding}`,
          )
        : [],
    );
    return [title, ...indent(wrap(presenceText(finding), width - 4), '    ', '    '), ...incidents];
  });
  return lines.length === 0 ? '' : ['Findings', ...lines].join('\n');
}

function apartText(apart: ReadonlyMap<string, readonly string[]>, width: number): string {
  if (apart.size === 0) return '';
  const lines = [...apart].flatMap(([reason, metrics]) =>
    indent(
      wrap(`${visible(reason)}: ${[...new Set(metrics)].join(', ')}`, width - 2),
      '  ',
      '    ',
    ),
  );
  return ['Not comparable', ...lines].join('\n');
}
