/** Metrics of fences and jobs. */
import { duration, type Metric, perSecond, share } from './metric.ts';

export const FENCE_CREATED = 'coalesce(init_ts, emit_ts)';
/** Given to the hardware: its job’s run, or dma_fence_emit where no job is known. */
export const FENCE_STARTED =
  '(CASE WHEN job_id IS NULL THEN emit_ts ELSE (SELECT run_ts FROM job WHERE job.id = job_id) END)';
const OWN_LIFE = 'coalesce(container, 0) = 0';
const FENCES = [['fence.init', 'fence.emit'], ['fence.signaled']] as const;

export const fenceMetrics: readonly Metric[] = [
  duration({
    name: 'fence-latency',
    title: 'How long do fences take from creation to signal, by timeline?',
    doc: 'dma_fence_init (dma_fence_emit where that was not seen) to dma_fence_signaled; fences that only stand for others are left out.',
    needs: FENCES,
    from: 'fence',
    value: `signaled_ts - ${FENCE_CREATED}`,
    where: `signaled_ts >= ${FENCE_CREATED} AND ${OWN_LIFE}`,
    figure: {
      ts: FENCE_CREATED,
      series: `coalesce(timeline, 'unknown')`,
      unended: `${FENCE_CREATED} IS NOT NULL AND signaled_ts IS NULL AND ${OWN_LIFE}`,
    },
  }),
  duration({
    name: 'fence-queueing',
    title: 'How long do fences wait until the hardware gets their work?',
    doc: 'The part of fence-latency before the job of the fence runs, or before dma_fence_emit where no job is known.',
    needs: [['fence.init'], ['fence.emit', 'job.run']],
    from: 'fence',
    value: `${FENCE_STARTED} - init_ts`,
    where: `init_ts <= ${FENCE_STARTED} AND ${OWN_LIFE}`,
    floorNs: 10_000,
  }),
  duration({
    name: 'fence-execution',
    title: 'How long does the hardware take to signal a fence?',
    doc: 'The part of fence-latency after the job of the fence runs, or after dma_fence_emit where no job is known.',
    needs: [['fence.signaled'], ['fence.emit', 'job.run']],
    from: 'fence',
    value: `signaled_ts - ${FENCE_STARTED}`,
    where: `signaled_ts >= ${FENCE_STARTED} AND ${OWN_LIFE}`,
  }),
  share({
    name: 'fence-errors',
    title: 'How many fences are signalled with an error?',
    doc: 'Fences with an error, per 1000 whose error was recorded.',
    needs: [['fence.signal_call']],
    from: 'fence',
    events: 'sum(error < 0)',
    per: 'count(error)',
    unit: 'fences',
  }),
  perSecond({
    name: 'fence-rate',
    title: 'How many fences are created?',
    doc: 'Fences per second of the capture.',
    needs: [['fence.init', 'fence.emit']],
    from: 'fence',
    events: `sum(${FENCE_CREATED} IS NOT NULL)`,
  }),
  duration({
    name: 'fence-wait-duration',
    title: 'How long are fences waited for, by how the wait ended?',
    doc: 'dma_fence_wait_start to dma_fence_wait_end.',
    needs: [['fence.wait_start']],
    from: 'fence_wait',
    value: 'end_ts - start_ts',
    where: 'start_ts IS NOT NULL AND end_ts IS NOT NULL',
    figure: {
      ts: 'start_ts',
      series: `CASE gave_up WHEN 1 THEN 'gave up' ELSE 'signalled' END`,
      unended: 'start_ts IS NOT NULL AND end_ts IS NULL',
    },
  }),
  share({
    name: 'fence-wait-timeouts',
    title: 'How many fence waits are given up?',
    doc: 'Waits that ended while the fence had not signalled, per 1000.',
    needs: [['fence.wait_start']],
    from: 'fence_wait',
    events: 'sum(gave_up = 1)',
    per: 'count(*)',
    unit: 'waits',
  }),
  duration({
    name: 'job-queue-to-run',
    title: 'How long do jobs wait before the hardware gets them, by ring?',
    doc: 'Push to the scheduler entity, to the run callback of the driver.',
    needs: [['job.queue'], ['job.run']],
    from: 'job',
    value: 'run_ts - queue_ts',
    where: 'queue_ts IS NOT NULL AND run_ts IS NOT NULL',
    figure: {
      ts: 'queue_ts',
      series: `coalesce(ring, 'unknown')`,
      unended: 'queue_ts IS NOT NULL AND run_ts IS NULL',
    },
  }),
  duration({
    name: 'job-run-to-done',
    title: 'How long does the hardware take for a job?',
    doc: 'Run callback of the driver, to the moment the hardware reported the job done.',
    needs: [['job.run'], ['job.done']],
    from: 'job',
    value: 'done_ts - run_ts',
    where: 'run_ts IS NOT NULL AND done_ts IS NOT NULL',
  }),
  perSecond({
    name: 'job-rate',
    title: 'How many jobs are there?',
    doc: 'Jobs per second of the capture.',
    needs: [['job.queue', 'job.run']],
    from: 'job',
    events: 'count(*)',
  }),
];
