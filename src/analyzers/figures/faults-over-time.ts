import type { StoreReader } from '../../store/reader.ts';
import type { FaultsOverTime } from '../result.ts';

const BINS = 80;
/** More names beside the lines are not readable. */
const EXITS = 20;

export const FAULTS_TITLE = 'Do page faults of the GPU go on after its processes exit?';

interface Bin {
  readonly bin: number;
  readonly outcome: number;
  readonly count: number;
}

const OUTCOMES = ['served', 'refused', 'outcome not recorded'] as const;

/** Page faults of devices by time and answer, and when the processes that use devices died. */
export function buildFaultsOverTime(store: StoreReader): FaultsOverTime | undefined {
  const [span] = store.allNumbers<{ count: number; first: number; last: number }>(
    'SELECT count(*) AS count, min(start_ts) AS first, max(start_ts) AS last FROM device_fault WHERE start_ts IS NOT NULL',
  );
  if (span === undefined || span.count === 0) return undefined;
  const { exits, omitted } = exitsOf(store);
  const from = Math.min(span.first, ...exits.map(({ ts }) => ts));
  const to = Math.max(span.last, ...exits.map(({ ts }) => ts));
  const width = niceWidth((to - from) / BINS);
  const start = Math.floor(from / width) * width;
  const bins = store.allNumbers<Bin>(
    `SELECT CAST((start_ts - ?) / ? AS INTEGER) AS bin, CASE WHEN ret < 0 THEN 1 WHEN ret >= 0 OR served IS NOT NULL THEN 0 ELSE 2 END AS outcome,
            count(*) AS count
       FROM device_fault WHERE start_ts IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`,
    start,
    width,
  );
  return {
    title: FAULTS_TITLE,
    count: span.count,
    binWidth: width,
    bins: bins.map(({ bin, outcome, count }) => ({
      from: start + bin * width,
      outcome: OUTCOMES[outcome] ?? OUTCOMES[2],
      count,
    })),
    exits,
    exitsOmitted: omitted,
  };
}

/** Of processes whose faults were seen, then of others that used a device. */
function exitsOf(store: StoreReader): { exits: FaultsOverTime['exits']; omitted: number } {
  const rows = store.allNumbers<{ ts: number; pid: number; comm: string | null }>(
    `SELECT end_ts AS ts, pid, comm FROM process
      WHERE end_ts IS NOT NULL AND merged_into IS NULL AND id IN (
        SELECT process_id FROM device_fault UNION SELECT process_id FROM pasid
        UNION SELECT owner_process_id FROM fence UNION SELECT process_id FROM range_fault)
      ORDER BY id IN (SELECT process_id FROM device_fault UNION SELECT process_id FROM pasid) DESC, end_ts`,
  );
  return {
    exits: rows
      .slice(0, EXITS)
      .map(({ ts, pid, comm }) => ({ ts, label: `${comm ?? 'unknown task'} (pid ${pid})` })),
    omitted: Math.max(0, rows.length - EXITS),
  };
}

/** 1, 2 or 5 times a power of ten, as long or longer. */
function niceWidth(least: number): number {
  const decade = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const step = [1, 2, 5, 10].find((factor) => factor * decade >= least) ?? 10;
  return Math.round(step * decade);
}
