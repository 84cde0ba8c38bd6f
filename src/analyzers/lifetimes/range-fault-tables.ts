import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';

/** SQL: how a row of range_fault ended, in words a reader cannot take for more than was seen. */
export const RANGE_FAULT_END =
  "CASE WHEN outcome = 'ok' AND wrapper_ret IS NULL THEN 'last attempt ok' ELSE outcome END";

export const rangeFaultTable: Table = {
  name: 'range_fault',
  doc: 'A fault episode: a driver makes one range of an mm present, with as many attempts as it takes.',
  columns: [
    integer('tid', 'Thread that faults; often a kworker.'),
    integer('process_id', 'process.id the range belongs to (through the mm); NULL = unknown.'),
    integer('address_space_id', 'address_space.id of that mm.'),
    integer('mm', 'mm_struct pointer, as far as known through the notifier.'),
    integer('mni', 'mmu_interval_notifier pointer.'),
    integer('range_start', 'First byte of the range.'),
    integer('range_end', 'Byte after the range.'),
    integer(
      'attempts',
      'Calls of hmm_range_fault (or of mmu_interval_read_begin where only those were seen).',
    ),
    integer('busy', 'Attempts that returned -EBUSY (-16).'),
    integer('last_ret', 'Return value of the last attempt.'),
    integer(
      'seq_changes',
      'Attempts whose read_begin gave another sequence number than the one before.',
    ),
    integer(
      'stale',
      'Attempts after -EBUSY without another mmu_interval_read_begin, or with the sequence number that had just been refused: they cannot win.',
    ),
    text('wrapper', 'Driver function around the attempts.'),
    integer('wrapper_ret', 'What that function returned.'),
    integer('wrapper_start_ts', 'Its entry, relative ns.'),
    integer('wrapper_end_ts', 'Its return, relative ns.'),
    integer('wrapper_event', 'Its entry event.'),
    integer('wrapper_return_event', 'Its return event.'),
    text(
      'outcome',
      "'ok' (without a wrapper only that the last attempt returned 0: a failed mmu_interval_read_retry after it is invisible), 'busy' (last word was -EBUSY), 'error' (another errno), 'open' when the capture ended in it; NULL = no return was recorded.",
    ),
    integer('longest_attempt_ns', 'Longest attempt.'),
    integer(
      'self_inflicted',
      'Busy attempts whose only colliding invalidations came from the same thread inside hmm_range_fault.',
    ),
    integer(
      'colliding',
      'Invalidations of that mm within the range of the notifier (the faulted range where it is unknown) between the first and the last attempt.',
    ),
    integer('top_actor_tid', 'Thread that made most of them.'),
    integer('top_actor_reason', 'enum mmu_notifier_event most of them had.'),
    integer('first_colliding_event', 'The first of them.'),
    integer(
      'blocked_ts',
      'Entry of an mmu_interval_read_begin that had not returned when the capture ended, relative ns: it sleeps until the invalidation under way is over; NULL = none.',
    ),
    integer('blocked_event', 'That event.'),
    ...span('first attempt', 'end of the last attempt'),
  ],
  indexes: [['tid'], ['mni'], ['start_ts']],
};

export const rangeFaultAttemptTable: Table = {
  name: 'range_fault_attempt',
  doc: 'One attempt of a fault episode: mmu_interval_read_begin, hmm_range_fault, its return.',
  columns: [
    integer('range_fault_id', 'range_fault.id it belongs to.'),
    integer('n', 'Number of the attempt within the episode, from 1.'),
    integer(
      'read_begin_event',
      'Entry (or return, where only that was recorded) of mmu_interval_read_begin.',
    ),
    integer('read_begin_ts', 'Its time, relative ns.'),
    integer('seq', 'Sequence number it gave.'),
    integer('fault_event', 'Entry of hmm_range_fault.'),
    integer('return_event', 'Return of hmm_range_fault.'),
    integer('ret', 'Return value; NULL = not recorded.'),
    ...span('read_begin, or entry of hmm_range_fault', 'return of hmm_range_fault'),
  ],
  indexes: [['range_fault_id']],
};
