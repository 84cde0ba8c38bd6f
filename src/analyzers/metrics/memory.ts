/** Metrics of range faults, invalidations, and the end of address spaces. */
import { MMU_NOTIFY_NAMES } from '../../kernel/occurrence.ts';
import { RANGE_FAULT_END } from '../lifetimes/range-fault-tables.ts';
import { duration, type Metric, perSecond, share } from './metric.ts';

const RANGE_FAULTS = [['hmm.range_fault', 'hmm.read_begin']] as const;
const INVALIDATIONS = [['invalidation.begin']] as const;

const reasons = MMU_NOTIFY_NAMES.map((name, n) => `WHEN ${n} THEN '${name}'`).join(' ');
/** SQL: why a row of invalidation invalidates, as far as its probe can be believed. */
export const INVALIDATION_REASON: string = `CASE WHEN sane = 0 THEN 'unknown' ELSE CASE reason ${reasons} ELSE 'unknown' END END`;

export const memoryMetrics: readonly Metric[] = [
  duration({
    name: 'range-fault-duration',
    title:
      'How long do range faults take, from the first attempt to the end of the last, by outcome?',
    doc: 'One value per fault episode (range_fault): all attempts and what lies between them.',
    needs: RANGE_FAULTS,
    from: 'range_fault',
    value: 'end_ts - start_ts',
    where: 'start_ts IS NOT NULL AND end_ts IS NOT NULL',
    figure: {
      ts: 'start_ts',
      series: RANGE_FAULT_END,
      unended: 'start_ts IS NOT NULL AND end_ts IS NULL',
    },
  }),
  duration({
    name: 'range-fault-attempt-duration',
    title: 'How long does one attempt of a range fault take, by return value?',
    doc: 'One value per attempt: mmu_interval_read_begin, or the entry of hmm_range_fault, to its return.',
    needs: RANGE_FAULTS,
    from: 'range_fault_attempt',
    value: 'end_ts - start_ts',
    where: 'start_ts IS NOT NULL AND end_ts IS NOT NULL',
    figure: { ts: 'start_ts', series: `coalesce('ret ' || ret, 'ret unknown')` },
  }),
  share({
    name: 'range-fault-retries',
    title: 'How often must a range fault be tried again?',
    doc: 'Attempts after the first one, per 1000 fault episodes.',
    needs: RANGE_FAULTS,
    from: 'range_fault',
    events: 'sum(max(attempts - 1, 0))',
    per: 'count(*)',
    unit: 'range faults',
  }),
  share({
    name: 'range-fault-busy',
    title: 'How often does hmm_range_fault return -EBUSY?',
    doc: 'Attempts that returned -EBUSY, per 1000 fault episodes.',
    needs: [['hmm.range_fault_return']],
    from: 'range_fault',
    events: 'sum(busy)',
    per: 'count(*)',
    unit: 'range faults',
  }),
  share({
    name: 'range-fault-failures',
    title: 'How often does a range fault fail for good?',
    doc: 'Episodes that ended in an error, -EBUSY included, per 1000 that ended.',
    needs: [['hmm.range_fault_return']],
    from: 'range_fault',
    events: `sum(outcome IN ('busy', 'error'))`,
    per: `sum(outcome IN ('ok', 'busy', 'error'))`,
    unit: 'range faults',
  }),
  perSecond({
    name: 'range-fault-rate',
    title: 'How many range faults are there?',
    doc: 'Fault episodes per second of the capture.',
    needs: RANGE_FAULTS,
    from: 'range_fault',
    events: 'count(*)',
  }),
  perSecond({
    name: 'range-fault-attempt-rate',
    title: 'How many attempts of range faults are there?',
    doc: 'Attempts per second of the capture.',
    needs: RANGE_FAULTS,
    from: 'range_fault',
    events: 'sum(attempts)',
  }),
  duration({
    name: 'invalidation-duration',
    title: 'How long does invalidate_range_start hold its caller up, by reason?',
    doc: 'One value per invalidation of an mm that has notifiers: entry to return of __mmu_notifier_invalidate_range_start.',
    needs: [['invalidation.begin'], ['invalidation.begin_return']],
    from: 'invalidation',
    value: 'return_ts - start_ts',
    where: 'start_ts IS NOT NULL AND return_ts IS NOT NULL',
    figure: {
      ts: 'start_ts',
      series: INVALIDATION_REASON,
      unended: 'start_ts IS NOT NULL AND return_ts IS NULL AND end_ts IS NULL',
    },
  }),
  duration({
    name: 'invalidation-fence-wait',
    title: 'How long do invalidations wait for fences?',
    doc: 'Time spent in fence waits, one value per invalidation that waited at all.',
    needs: [['invalidation.begin'], ['fence.wait_start']],
    from: 'invalidation',
    value: 'wait_ns',
    where: 'wait_ns > 0',
  }),
  share({
    name: 'invalidation-fence-waits',
    title: 'How many invalidations wait for fences?',
    doc: 'Invalidations with a fence wait inside, per 1000.',
    needs: [['invalidation.begin'], ['fence.wait_start']],
    from: 'invalidation',
    events: 'sum(wait_ns > 0)',
    per: 'count(*)',
    unit: 'invalidations',
  }),
  share({
    name: 'notifier-hit-ratio',
    title: 'How many invalidations reach a driver?',
    doc: 'Invalidations with a driver callback inside, per 1000 of an mm that has notifiers. Measured where callbacks are probed and at least one was seen.',
    needs: [['invalidation.begin'], ['probe.enter']],
    from: 'invalidation',
    events: 'sum(callbacks > 0)',
    // no callback at all: none is probed
    per: 'CASE WHEN sum(callbacks) > 0 THEN count(*) ELSE 0 END',
    unit: 'invalidations',
  }),
  perSecond({
    name: 'invalidation-rate',
    title: 'How many invalidations are there?',
    doc: 'Invalidations of mms that have notifiers, per second of the capture.',
    needs: INVALIDATIONS,
    from: 'invalidation',
    events: 'count(*)',
  }),
  duration({
    name: 'exit-gap',
    title: 'How long do the files of a process stay open after its address space is gone?',
    doc: 'exit_mmap at the exit of a process that used a device, to the first sign that its files were closed.',
    needs: [['mm.exit']],
    from: 'process JOIN address_space AS mm ON mm.process_id = process.id',
    value: 'files_closed_ts - mm.end_ts',
    where: `mm.end_reason = 'exit' AND files_closed_ts >= mm.end_ts
      AND process.id IN (SELECT owner_process_id FROM fence UNION SELECT process_id FROM range_fault)`,
    floorNs: 100_000,
  }),
];
