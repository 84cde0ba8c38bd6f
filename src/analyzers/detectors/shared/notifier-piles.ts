/** Registrations of one and the same range, and how many of them there were at once. */
import type { Word } from '../../../kernel/occurrence.ts';

export interface Registration {
  readonly id: number;
  readonly mm: Word;
  readonly address_space_id: number | null;
  readonly process_id: number | null;
  readonly range_start: Word;
  readonly range_last: Word;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly end_ts: number | null;
  readonly lossy: number | null;
}

export interface Pile {
  /** All registrations of one range, in the order they were made. */
  readonly members: readonly Registration[];
  /** How many of them were registered at the same time. */
  readonly most: number;
}

/** By address space and range. */
export function grouped(rows: readonly Registration[]): Registration[][] {
  const groups = new Map<string, Registration[]>();
  for (const row of rows) {
    const key = [row.address_space_id ?? row.mm, row.range_start, row.range_last].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

export function highest(members: readonly Registration[]): Pile {
  const ends = members.map((one) => one.end_ts ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  let ended = 0;
  let most = 0;
  members.forEach((one, n) => {
    while ((ends[ended] ?? Number.POSITIVE_INFINITY) <= one.start_ts) ended += 1;
    most = Math.max(most, n + 1 - ended);
  });
  return { members, most };
}
