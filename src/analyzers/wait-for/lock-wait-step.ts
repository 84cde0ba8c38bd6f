import type { Word } from '../../kernel/occurrence.ts';
import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import { actor, hex, processActor } from '../detectors/shared/wording.ts';
import { endsHere, type Here, NEVER, type StepRule, taskAt, waitsFor } from './step.ts';

interface LockWaitRow {
  readonly id: number;
  readonly lock: string;
  readonly what: string;
  readonly mm: Word | null;
  readonly tid: number;
  readonly failed: number;
  readonly start_ts: number;
  readonly start_event: number;
  readonly end_ts: number | null;
}

interface HoldRow {
  readonly mode: string;
  readonly tid: number;
  readonly process_id: number | null;
  readonly certain: number;
  readonly lossy: number;
  readonly start_ts: number;
  readonly start_event: number;
}

/** A lock is held by a thread; the link is recorded where that thread was seen to take it, and keep it. */
export const lockWaitStep: StepRule = (view, id, at) => {
  const [row] = view.all<LockWaitRow>('SELECT * FROM lock_wait WHERE id = ?', id);
  if (row === undefined) return undefined;
  const mode = / to (read|write)$/.exec(row.what)?.[1];
  const here: Here = {
    object: { kind: 'lock_wait', id, label: labelOf(view, row) },
    state: mode === undefined ? 'was asked for' : `was asked for to ${mode}`,
    since: row.start_ts,
    evidence: evidence(row.start_event),
  };
  if (row.end_ts !== null && row.end_ts <= at) {
    return endsHere(here, 'moving', row.failed === 1 ? 'it had given up' : 'it had got it by then');
  }
  const hold = holdAt(view, row, at);
  if (hold === undefined) return endsHere(here, 'lost', ...unknownHolder(view, row));
  const holder = taskAt(view, hold.tid, at);
  if (holder === undefined) {
    return endsHere(here, 'lost', `${actor(view, hold.tid, hold.process_id).label} held it`);
  }
  const sure = hold.certain === 1 && hold.lossy === 0 && !view.lossBetween(row.start_ts, at);
  return waitsFor(
    here,
    { kind: 'task', id: holder },
    sure ? `is held to ${hold.mode} by` : 'was last seen to be taken by',
    sure ? 'recorded' : 'inferred',
    evidence(hold.start_event),
  );
};

/** A writer alone; of several readers the one that has it longest: a writer waits for each of them. */
function holdAt(view: View, row: LockWaitRow, at: number): HoldRow | undefined {
  const [hold] = view.all<HoldRow>(
    `SELECT * FROM lock_hold
      WHERE lock = ? AND tid <> ? AND start_ts <= ? AND coalesce(end_ts, ?) > ?
      ORDER BY mode DESC, certain DESC, start_ts LIMIT 1`,
    row.lock,
    row.tid,
    at,
    NEVER,
    at,
  );
  return hold;
}

function unknownHolder(view: View, row: LockWaitRow): [text: string, enable?: readonly string[]] {
  if (!row.what.startsWith('mmap_lock')) {
    return [`no event tells who holds a ${row.what.split(' ')[0]}: a stack of all tasks does`];
  }
  if (view.observed('mmap_lock.released')) {
    return ['nobody was seen to take it: who holds it took it before, or was not recorded'];
  }
  return [
    'who holds it was not recorded',
    ['mmap_lock:mmap_lock_acquire_returned', 'mmap_lock:mmap_lock_released'],
  ];
}

function labelOf(view: View, row: LockWaitRow): string {
  if (!row.what.startsWith('mmap_lock')) return `${row.what.replace(/ to \w+$/, '')} ${row.lock}`;
  const owner = row.mm === null ? undefined : ownerOf(view, row.mm, row.start_ts);
  if (owner !== undefined) return `mmap_lock of ${owner}`;
  return `mmap_lock of mm ${row.mm === null ? row.lock : hex(row.mm)}`;
}

function ownerOf(view: View, mm: Word, at: number): string | undefined {
  const [space] = view.all<{ process_id: number | null }>(
    `SELECT process_id FROM address_space
      WHERE mm = ? AND coalesce(start_ts, 0) <= ? AND coalesce(end_ts, ?) > ?
      ORDER BY generation DESC LIMIT 1`,
    mm,
    at,
    NEVER,
    at,
  );
  return processActor(view, space?.process_id ?? null)?.label;
}
