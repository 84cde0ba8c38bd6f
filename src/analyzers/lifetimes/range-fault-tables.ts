import { MMU_NOTIFY_NAMES } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import {
  address,
  counter,
  duration,
  errno,
  integer,
  moment,
  named,
  ordinal,
  reference,
  span,
  text,
  thread,
} from './columns.ts';

/** SQL: how a row of range_fault ended, in words a reader cannot take for more than was seen. */
export const RANGE_FAULT_END =
  "CASE WHEN outcome = 'ok' AND wrapper_ret IS NULL THEN 'last attempt ok' ELSE outcome END";

export const rangeFaultTable: Table = {
  name: 'range_fault',
  doc: 'A fault episode: a driver makes one range of an mm present, with as many attempts as it takes.',
  durations: [
    {
      name: 'in_wrapper',
      from: 'wrapper_start_ts',
      to: 'wrapper_end_ts',
      doc: 'The driver function around the attempts.',
    },
  ],
  columns: [
    thread('tid', 'Thread that faults; often a kworker.'),
    reference(
      'process_id',
      'process',
      'process.id the range belongs to (through the mm); NULL = unknown.',
    ),
    reference('address_space_id', 'address_space', 'address_space.id of that mm.'),
    address('mm', 'mm_struct pointer, as far as known through the notifier.'),
    address('mni', 'mmu_interval_notifier pointer.'),
    address('range_start', 'First byte of the range.'),
    address('range_end', 'Byte after the range.'),
    counter(
      'attempts',
      'Calls of hmm_range_fault (or of mmu_interval_read_begin where only those were seen).',
    ),
    counter('busy', 'Attempts that returned -EBUSY (-16).'),
    errno('last_ret', 'Return value of the last attempt.'),
    counter(
      'seq_changes',
      'Attempts whose read_begin gave another sequence number than the one before.',
    ),
    counter(
      'stale',
      'Attempts after -EBUSY without another mmu_interval_read_begin, or with the sequence number that had just been refused: they cannot win.',
    ),
    text('wrapper', 'Driver function around the attempts.'),
    errno('wrapper_ret', 'What that function returned.'),
    moment('wrapper_start_ts', 'Its entry, relative ns.'),
    moment('wrapper_end_ts', 'Its return, relative ns.'),
    ordinal('wrapper_event', 'Its entry event.'),
    ordinal('wrapper_return_event', 'Its return event.'),
    text(
      'outcome',
      "'ok' (without a wrapper only that the last attempt returned 0: a failed mmu_interval_read_retry after it is invisible), 'busy' (last word was -EBUSY), 'error' (another errno), 'open' when the capture ended in it; NULL = no return was recorded.",
    ),
    duration('longest_attempt_ns', 'Longest attempt.'),
    counter(
      'self_inflicted',
      'Busy attempts whose only colliding invalidations came from the same thread inside hmm_range_fault.',
    ),
    counter(
      'colliding',
      'Invalidations of that mm within the range of the notifier (the faulted range where it is unknown) between the first and the last attempt.',
    ),
    thread('top_actor_tid', 'Thread that made most of them.'),
    named('top_actor_reason', MMU_NOTIFY_NAMES, 'enum mmu_notifier_event most of them had.'),
    ordinal('first_colliding_event', 'The first of them.'),
    moment(
      'blocked_ts',
      'Entry of an mmu_interval_read_begin that had not returned when the capture ended, relative ns: it sleeps until the invalidation under way is over; NULL = none.',
    ),
    ordinal('blocked_event', 'That event.'),
    ...span('first attempt', 'end of the last attempt'),
  ],
  indexes: [['tid'], ['mni'], ['start_ts']],
};

export const rangeFaultAttemptTable: Table = {
  name: 'range_fault_attempt',
  doc: 'One attempt of a fault episode: mmu_interval_read_begin, hmm_range_fault, its return.',
  columns: [
    reference('range_fault_id', 'range_fault', 'range_fault.id it belongs to.'),
    integer('n', 'Number of the attempt within the episode, from 1.'),
    ordinal(
      'read_begin_event',
      'Entry (or return, where only that was recorded) of mmu_interval_read_begin.',
    ),
    moment('read_begin_ts', 'Its time, relative ns.'),
    integer('seq', 'Sequence number it gave.'),
    ordinal('fault_event', 'Entry of hmm_range_fault.'),
    ordinal('return_event', 'Return of hmm_range_fault.'),
    errno('ret', 'Return value; NULL = not recorded.'),
    ...span('read_begin, or entry of hmm_range_fault', 'return of hmm_range_fault'),
  ],
  indexes: [['range_fault_id']],
};
