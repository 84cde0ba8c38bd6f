/** Migrations by block: what went there and back, and how often. */
import type { Word } from '../../../kernel/occurrence.ts';

/** No threshold: of a range that moves at once no more blocks are followed. */
const BLOCKS_OF_A_RANGE = 1024;
/** No threshold: what the memory of this program allows. */
const BLOCKS_MOST = 1_000_000;

export interface Move {
  readonly id: number;
  readonly source: string;
  readonly tid: number;
  readonly process_id: number | null;
  readonly mm: Word | null;
  readonly object: Word | null;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly bytes: number | null;
  readonly direction: 'to device' | 'to system';
  readonly reason: string | null;
  readonly from_place: string;
  readonly to_place: string;
  readonly start_ts: number;
  readonly end_ts: number | null;
  readonly start_event: number;
  readonly end_event: number | null;
  readonly lossy: number | null;
}

/** What happened to one block or buffer. */
export interface Block {
  /** Of the area it lies in, and its number there. */
  readonly owner: string;
  readonly place: number;
  last: Move['direction'];
  /** Moves at which it turned, those of the current window. */
  recent: Move[];
  turns: number;
  /** Of the window with most turns. */
  most: Move[];
}

/** The blocks a move touches: a buffer is one. */
export function* placesOf(
  move: Move,
  blockBytes: number,
): Iterable<[owner: string, place: number]> {
  if (move.object !== null) {
    yield [`buffer ${move.source} ${move.object}`, 0];
    return;
  }
  if (move.range_start === null || move.range_end === null) return;
  const first = Math.floor(Number(unsigned(move.range_start)) / blockBytes);
  const last = Math.floor((Number(unsigned(move.range_end)) - 1) / blockBytes);
  const owner = `pages ${move.mm ?? move.process_id ?? move.tid}`;
  const end = Math.min(last, first + BLOCKS_OF_A_RANGE - 1);
  for (let place = first; place <= end; place++) yield [owner, place];
}

/** Addresses above 2^63 come back from SQLite as negative numbers. */
export function unsigned(value: Word): bigint {
  return BigInt.asUintN(64, BigInt(value));
}

/** Notes which way a block goes. */
export function turn(
  blocks: Map<string, Block>,
  owner: string,
  place: number,
  move: Move,
  window: number,
): void {
  const key = `${owner} ${place}`;
  const block = blocks.get(key);
  if (!block) {
    if (blocks.size >= BLOCKS_MOST) return;
    blocks.set(key, { owner, place, last: move.direction, recent: [], turns: 0, most: [] });
    return;
  }
  if (block.last === move.direction) return;
  block.last = move.direction;
  block.turns += 1;
  block.recent = block.recent.filter((earlier) => move.start_ts - earlier.start_ts <= window);
  block.recent.push(move);
  if (block.recent.length > block.most.length) block.most = [...block.recent];
}

/** Blocks side by side that are as bad: one finding. */
export function areasOf(bad: readonly Block[]): Block[][] {
  const areas: Block[][] = [];
  const sorted = bad.toSorted((a, b) => a.owner.localeCompare(b.owner) || a.place - b.place);
  for (const block of sorted) {
    const area = areas.at(-1);
    const before = area?.at(-1);
    if (area && before?.owner === block.owner && block.place - before.place <= 1) area.push(block);
    else areas.push([block]);
  }
  return areas;
}

/** Whether a move has to do with these blocks. */
export function touches(move: Move, area: readonly Block[], blockBytes: number): boolean {
  const [first] = area;
  const last = area.at(-1);
  if (!first || !last) return false;
  for (const [owner, place] of placesOf(move, blockBytes)) {
    if (owner === first.owner && place >= first.place && place <= last.place) return true;
  }
  return false;
}
