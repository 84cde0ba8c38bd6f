/** What detectors look at: a store, fresh or reopened, with the facts of its capture. */
import type { OccurrenceKind } from '../kernel/occurrence.ts';
import type { Clock, Loss } from '../parsers/parser.ts';
import type { StoreReader } from '../store/reader.ts';
import type { DetectorRun, View } from './detector.ts';
import { InputClocks } from './input-clocks.ts';
import { LossIndex } from './loss-index.ts';
import { type Limits, NO_LIMITS } from './threshold.ts';

interface CaptureRow {
  readonly clock_name: string;
  readonly clock_unit: Clock['unit'];
  readonly clock_base: string;
  readonly clock_converted: string | null;
  readonly end_ns: number;
  readonly sane_probes: number;
  readonly per_task: number;
}

/** `runs` is filled by whoever runs the detectors. */
export function createView(
  store: StoreReader,
  runs: readonly DetectorRun[],
  limits: Limits = NO_LIMITS,
): View {
  const [capture] = store.allNumbers<CaptureRow>('SELECT * FROM capture');
  if (!capture) throw new Error('the store has no capture row');
  const losses = store.allNumbers<Loss>(
    'SELECT buffer_id AS buffer, cpu, from_ts AS "from", to_ts AS "to", events, kind FROM loss ORDER BY id',
  );
  const index = new LossIndex(losses);
  const observable = new Set(
    store
      .allNumbers<{ kind: OccurrenceKind }>('SELECT kind FROM occurrence WHERE observable = 1')
      .map((row) => row.kind),
  );
  const clocks = new InputClocks(store);
  return {
    all: (sql, ...parameters) => store.all(sql, ...parameters),
    observed: (kind) => observable.has(kind),
    clock: {
      name: capture.clock_name,
      unit: capture.clock_unit,
      base: BigInt(capture.clock_base),
      ...(capture.clock_converted === null ? {} : { converted: capture.clock_converted }),
    },
    end: capture.end_ns,
    losses,
    clockError: (a, b) => clocks.errorBetween(a, b),
    lossBetween: (from, to) => index.lossBetween(from, to),
    saneProbes: capture.sane_probes === 1,
    perTask: capture.per_task === 1,
    limit: (threshold) => limits.get(threshold) ?? threshold.default,
    runs,
  };
}
