import type { Moments, Scout } from './scout.ts';

/**
 * What both recorded while both did, and yet nothing of it is the same; that of single tasks may well
 * differ.
 */
export function unsharedKind(first: Scout, second: Scout, shift: number): string | undefined {
  const from = Math.max(first.first, second.first + shift);
  const to = Math.min(first.last, second.last + shift);
  const [ours, theirs] = [
    kindsWithin(first, from, to),
    kindsWithin(second, from - shift, to - shift),
  ];
  if ([first, second].some(({ capture }) => capture.header.facts['per-task'] !== undefined)) {
    ours.clear();
  }
  for (const kind of ours) {
    if (theirs.has(kind) && !sharesKind(first, second, kind)) return kind;
  }
  return undefined;
}

const LINE_KIND = 'console line';

/** `sched_process_fork` of the event `sched_process_fork comm=…`. */
function kindOf(text: string): string {
  return text.slice(0, text.indexOf(' '));
}

function kindsWithin({ lines, events }: Scout, from: number, to: number): Set<string> {
  const within = (moments: Moments) => moments.some((moment) => moment >= from && moment <= to);
  const kinds = new Set<string>();
  if ([...lines.values()].some(within)) kinds.add(LINE_KIND);
  for (const [text, moments] of events) if (within(moments)) kinds.add(kindOf(text));
  return kinds;
}

function sharesKind(first: Scout, second: Scout, kind: string): boolean {
  const [ours, theirs] =
    kind === LINE_KIND ? [first.lines, second.lines] : [first.events, second.events];
  for (const text of theirs.keys()) {
    if (ours.has(text) && (kind === LINE_KIND || kindOf(text) === kind)) return true;
  }
  return false;
}
