/** A trend on the terminal. */
import type { Change, FigureTrend, Trend } from '../../compare/trend.ts';
import { plainStyle, type TextStyle } from '../text-style.ts';
import { counted } from '../units.ts';
import { visible } from '../visible.ts';
import { columns, indent, wrap } from '../wrap.ts';
import { changeText, probabilityText, valueText } from './words.ts';

export function renderTrendText(
  trend: Trend,
  { style = plainStyle, width = 100 }: { readonly style?: TextStyle; readonly width?: number } = {},
): string {
  const { builds, figures, obstacles, notes } = trend;
  const changed = figures.filter(({ changes }) => changes.length > 0);
  const level = figures.filter(({ changes }) => changes.length === 0).map(({ id }) => id);
  const names = builds.map(({ label, runs }) => `${label} (${runs.length})`).join(', ');
  const sections = [
    style.strong(trendHeadline(trend)),
    columns(
      [
        ['Builds', visible(`${names}; in brackets the runs`)],
        ...obstacles.map((line): [string, string] => ['Obstacle', visible(line)]),
        ...notes.map((line): [string, string] => ['Note', visible(line)]),
      ],
      width,
    ),
    ...changed.flatMap((figure) =>
      figure.changes.map((change) => changeLines(figure, change, style, width)),
    ),
    level.length > 0
      ? indent(wrap(`No change: ${level.join(', ')}`, width), '', '  ').join('\n')
      : '',
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

export function trendHeadline({ figures, obstacles, builds }: Trend): string {
  const first = figures.find(({ changes }) =>
    changes.some(({ verdict }) => verdict === 'regressed'),
  );
  const change = first?.changes.find(({ verdict }) => verdict === 'regressed');
  if (first && change) {
    return visible(`${first.id} is worse since ${change.first}: ${changeText(change.ratio)}`);
  }
  if (obstacles.length > 0) return `Too few builds for a trend: ${builds.length}`;
  return `Nothing got worse over ${counted(builds.length, 'build')}`;
}

function changeLines(figure: FigureTrend, change: Change, style: TextStyle, width: number): string {
  const { verdict, first, last, from, to, ratio, p } = change;
  const title = `${verdict.padEnd(10)} ${figure.id}  ${changeText(ratio)}`;
  const at = (label: string): string =>
    valueText(figure.builds.find((build) => build.label === label)?.median ?? null, figure);
  const lines = columns(
    [
      ['first bad build', `${visible(first)} (${at(first)}; ${visible(last)}: ${at(last)})`],
      ['could be', from === to ? 'no other' : `${visible(from)} … ${visible(to)}`],
      ['bisect', bisectCommand(change, figure)],
      ['p, q', `${probabilityText(p)}, ${probabilityText(figure.q)}`],
    ],
    width - 2,
  );
  const coloured = verdict === 'regressed' ? style.bad(title) : title;
  return `${coloured}\n${lines.replaceAll(/^/gm, '  ')}`;
}

/** Between the last build that is surely of the old level and the first that is surely of the new one. */
export function bisectCommand({ from, to }: Change, figure: FigureTrend): string {
  return `git bisect start ${word(to)} ${word(beforeOf(figure, from))}`;
}

/** A name from a capture, as one harmless word of a shell. */
function word(label: string): string {
  const shown = visible(label);
  return /^[\w.][\w.+-]*$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
}

/** The last build that is surely of the old level. */
function beforeOf({ builds }: FigureTrend, label: string): string {
  const index = builds.findIndex((build) => build.label === label);
  return builds[Math.max(0, index - 1)]?.label ?? label;
}
