/** Two threads of one process in invalidations at once for long: what they do needs one lock. */
import type { Detector } from 'svm-trace';

interface Pair {
  readonly a: number;
  readonly b: number;
  readonly pid: number;
  readonly comm: string | null;
  readonly from_ts: number;
  readonly to_ts: number;
  readonly a_event: number;
  readonly b_event: number;
  readonly lossy: number;
}

const LONG = {
  name: 'long',
  unit: 'ns',
  default: 1e6,
  doc: 'Held up together for this long.',
} as const;

const rule: Detector = {
  meta: {
    id: 'invalidations-at-once',
    number: '',
    title: 'Two invalidations of one process at once',
    description:
      'Two threads of one process were inside invalidate_range_start at the same time for 1 ms or more: munmap and page faults of the program stand behind each other.',
    severity: 'warn',
    needs: [
      {
        oneOf: ['invalidation.begin'],
        enable: ['p:svm/inval_start __mmu_notifier_invalidate_range_start mm=+0($arg1):x64'],
      },
    ],
    uses: [],
    thresholds: [LONG],
    traps: ['Threads that lost their CPU inside look alike.'],
    references: ['mm/mmu_notifier.c: __mmu_notifier_invalidate_range_start'],
  },

  cannotDecide(view) {
    return view.clock.unit === 'ns' ? undefined : 'The clock counts ticks of unknown length.';
  },

  *detect(view) {
    const pairs = view.all<Pair>(
      `SELECT a.id AS a, b.id AS b, p.pid, p.comm, b.start_ts AS from_ts,
              min(a.return_ts, b.return_ts) AS to_ts, a.start_event AS a_event,
              b.start_event AS b_event, max(a.lossy, b.lossy) AS lossy
         FROM invalidation a
         JOIN invalidation b ON b.process_id = a.process_id AND b.tid <> a.tid
          AND b.start_ts BETWEEN a.start_ts AND a.return_ts
         JOIN process p ON p.id = a.process_id
        WHERE min(a.return_ts, b.return_ts) - b.start_ts >= ?
        ORDER BY b.start_ts LIMIT 100`,
      view.limit(LONG),
    );
    for (const pair of pairs) {
      const { pid, comm, from_ts: from, to_ts: to } = pair;
      yield {
        severity: 'warn',
        confidence: pair.lossy === 1 ? 'suspect' : 'likely',
        summary: `Two threads of ${comm ?? 'a process'} (pid ${pid}) were in invalidations together for ${(to - from) / 1e6} ms.`,
        from,
        to,
        objects: [
          { kind: 'invalidation', id: pair.a, label: 'the first' },
          { kind: 'invalidation', id: pair.b, label: 'the second' },
        ],
        details: [{ label: 'together', value: { type: 'duration', ns: to - from } }],
        evidence: [pair.a_event, pair.b_event],
        next: ['See whether both callbacks of the driver take one mutex.'],
        identity: [comm ?? ''],
        key: { pid },
      };
    }
  },
};

export default rule;
