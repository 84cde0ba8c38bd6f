/** Tasks the kernel log calls hung inside an invalidation, or asleep until one is over. */
import type { View } from '../../detector.ts';
import type { FindingDraft } from '../../finding.ts';
import { detail, evidence, known } from './details.ts';

/** Frames of the stack of a hung task, as log records keep them. */
const IN_INVALIDATION = '__mmu_notifier_invalidate_range_start';
const BEHIND_INVALIDATION = 'mmu_interval_read_begin';

export interface HungTask {
  readonly id: number;
  readonly comm: string | null;
  readonly tid: number | null;
  readonly pid: number | null;
  readonly seconds: number | null;
  readonly count: number;
  readonly places: string;
  readonly meaning: string | null;
  readonly text: string;
  readonly events: string;
  readonly start_ts: number;
  readonly end_ts: number;
}

/** Tasks hung inside an invalidation or behind one. */
export function hungTasks(view: View): HungTask[] {
  return view.all<HungTask>(
    `SELECT id, comm, tid, pid, seconds, count, places, meaning, text, events, start_ts, end_ts
       FROM log_record
      WHERE class = 'hung-task' AND start_ts IS NOT NULL
        AND (instr(places, '${IN_INVALIDATION}') OR instr(places, '${BEHIND_INVALIDATION}'))
      ORDER BY start_ts`,
  );
}

/**
 * One finding per thread; `told` are threads whose invalidation was recorded itself. Another task
 * that sleeps in mmu_interval_read_begin may be what the first one waits for.
 */
export function* hungInvalidations(view: View, told: ReadonlySet<number>): Iterable<FindingDraft> {
  const rows = hungTasks(view);
  const behind = rows.filter(({ places }) => places.includes(BEHIND_INVALIDATION));
  const seen = new Set(told);
  for (const row of rows) {
    if (!row.places.includes(IN_INVALIDATION) || (row.tid !== null && seen.has(row.tid))) continue;
    if (row.tid !== null) seen.add(row.tid);
    const [other] = behind.filter(({ tid }) => tid !== row.tid);
    yield hungFinding(row, other);
  }
}

function hungFinding(row: HungTask, other: HungTask | undefined): FindingDraft {
  const who = `${row.comm ?? 'a task'} (thread ${row.tid ?? '?'})`;
  const long = row.seconds === null ? 'long' : `more than ${row.seconds} s`;
  const [innermost] = row.places.split(', ');
  const ring =
    other === undefined
      ? ''
      : `; perhaps a deadlock, since ${other.comm ?? 'another task'} (thread ${other.tid ?? '?'}) sleeps in ${BEHIND_INVALIDATION} meanwhile, until an invalidation is over`;
  return {
    severity: other === undefined ? 'error' : 'critical',
    confidence: other === undefined ? 'likely' : 'suspect',
    summary: `The kernel log says that ${who} is blocked for ${long} inside invalidate_range_start, in ${innermost}${ring}.`,
    from: row.start_ts,
    to: row.end_ts,
    objects: [row, ...(other === undefined ? [] : [other])].map(({ id, text }) => ({
      kind: 'log_record',
      id,
      label: text.slice(0, 80),
    })),
    details: known([
      detail.text('stack, innermost first', row.places),
      row.meaning === null ? undefined : detail.text('meaning', row.meaning),
      row.count > 1 ? detail.count('reported', row.count) : undefined,
    ]),
    evidence: evidence(...[row, other].flatMap((one) => eventsOf(one))),
    next: [
      'Probe __mmu_notifier_invalidate_range_start and record dma_fence: which fence is waited for, and whose job it is.',
      'Look at the stacks of all blocked tasks (sysrq-w): who holds mmap_lock, and who waits for it.',
    ],
    identity: ['hung task', row.comm ?? '', innermost ?? ''],
    key: {
      ...(row.pid === null ? {} : { pid: row.pid }),
      ...(row.tid === null ? {} : { tid: row.tid }),
    },
  };
}

function eventsOf(row: HungTask | undefined): number[] {
  return row === undefined ? [] : (JSON.parse(row.events) as number[]);
}
