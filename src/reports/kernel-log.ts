/** What a group of kernel log records says, in words: for the terminal and the page alike. */
import type { LogGroup, LogPages } from '../analyzers/result.ts';
import { count, counted, type TimeFormat } from './units.ts';
import { columns } from './wrap.ts';

const MAX_LINE = 200;

/** `gpu-page-fault on amdgpu 0000:43:00.0`. */
export function logGroupName({ class: name, source, device }: LogGroup): string {
  return `${name} ${device === null ? `(${source})` : `on ${device} (${source})`}`;
}

/** How many, what they are about, and what to make of them. */
export function logGroupText(group: LogGroup): string {
  const parts = [
    counted(group.count, 'record'),
    group.hiddenAtLeast > 0
      ? `at least ${counted(group.hiddenAtLeast, 'message')} of ${group.meanings.join(', ')} left out, of whatever device`
      : '',
    group.bodyMissing > 0
      ? `${count(group.bodyMissing)} with the body missing: a filter like grep removed it`
      : '',
    consequencesText(group),
    pagesText(group.pages),
    group.accesses.map(({ access, count: number }) => `${count(number)} ${access}`).join(', '),
    group.engines.join(', '),
    group.hiddenAtLeast > 0 ? '' : group.meanings.join(', '),
    group.running > 0 ? `running count up to ${count(group.running)}` : '',
    group.processes.join(', '),
    ...group.hints,
  ];
  return parts.filter(Boolean).join('; ');
}

function consequencesText({ consequences, count: all }: LogGroup): string {
  if (consequences === 0) return '';
  if (all === 1) return 'after a reset or kill, so a consequence of it';
  return `${consequences === all ? 'all' : count(consequences)} after a reset or kill, so consequences of it`;
}

function pagesText(pages: LogPages | null): string {
  if (pages === null) return '';
  const ranges = pages.ranges.map(({ from, to, pages: number }) =>
    number === 1 ? from : `${from}-${to}`,
  );
  const more = pages.rangesOmitted > 0 ? ` and ${count(pages.rangesOmitted)} more` : '';
  const where = `${ranges.join(', ')}${more}`;
  return pages.distinct === 1 ? `page ${where}` : `${count(pages.distinct)} pages: ${where}`;
}

/** Its span; one moment where it has none. */
export function logGroupSpan(group: LogGroup, time: TimeFormat): string {
  const first = time.moment(group.first);
  return group.last === group.first ? first : `${first} to ${time.moment(group.last)}`;
}

/** As it was printed, unless it is very long. */
export function logGroupFirstLine({ line }: LogGroup): string {
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
}

/** On the terminal: name and words, below them when, and the first line as it was printed. */
export function logGroupLines(group: LogGroup, time: TimeFormat, width: number): string[] {
  const rows = [
    [logGroupSpan(group, time), logGroupText(group)],
    ['first line', logGroupFirstLine(group)],
  ] as const;
  const body = columns(rows, width - 2)
    .split('\n')
    .filter(Boolean);
  return [logGroupName(group), ...body.map((line) => `  ${line}`)];
}
