import type { StoreReader } from '../../store/reader.ts';
import { RANGE_FAULT_END } from '../lifetimes/range-fault-tables.ts';
import type { AttemptsFigure } from '../result.ts';

/** Range faults drawn; of more an even sample, the longest among them. */
const SAMPLE = 400;

export const ATTEMPTS_TITLE = 'Do range faults take long because they are tried again?';

interface Row {
  readonly attempts: number;
  readonly ns: number;
  readonly outcome: string;
  readonly count: number;
}

/** How long each range fault took for how many attempts; undefined where there are none. */
export function buildAttempts(store: StoreReader): AttemptsFigure | undefined {
  const rows = store.allNumbers<Row>(
    `SELECT attempts, ns, outcome, count FROM (
       SELECT attempts, end_ts - start_ts AS ns, coalesce(${RANGE_FAULT_END}, 'unknown') AS outcome,
              row_number() OVER (ORDER BY end_ts - start_ts, attempts) AS rank, count(*) OVER () AS count
         FROM range_fault WHERE start_ts IS NOT NULL AND end_ts IS NOT NULL AND attempts > 0)
      WHERE count <= ${SAMPLE} OR rank * ${SAMPLE} / count <> (rank - 1) * ${SAMPLE} / count
      ORDER BY rank`,
  );
  const [first] = rows;
  if (first === undefined) return undefined;
  return {
    title: ATTEMPTS_TITLE,
    count: first.count,
    points: rows.map(({ attempts, ns, outcome }) => ({ attempts, ns, outcome })),
  };
}
