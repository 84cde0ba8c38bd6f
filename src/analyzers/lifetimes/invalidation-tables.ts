import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';

export const invalidationTable: Table = {
  name: 'invalidation',
  doc: 'One invalidate_range_start … invalidate_range_end of an mm that has notifiers.',
  columns: [
    integer('mm', 'mm_struct pointer.'),
    integer('address_space_id', 'address_space.id of that mm.'),
    integer('tid', 'Thread that invalidates (the actor).'),
    integer('process_id', 'process.id of the actor; may be a kthread.'),
    integer('victim_process_id', 'process.id that owns the mm.'),
    integer('range_start', 'First byte of the range.'),
    integer('range_end', 'Byte after the range.'),
    integer('flags', 'mmu_notifier_range.flags: bit 0 = may block.'),
    integer(
      'reason',
      'enum mmu_notifier_event: 0 UNMAP, 1 CLEAR, 2 PROTECTION_VMA, 3 PROTECTION_PAGE, 4 SOFT_DIRTY, 5 RELEASE, 6 MIGRATE, 7 EXCLUSIVE.',
    ),
    integer(
      'return_ts',
      'Return of invalidate_range_start, relative ns: until then the caller was held up.',
    ),
    integer('return_event', 'That event.'),
    integer('ret', 'Return value of invalidate_range_start; NULL = not recorded.'),
    integer('refused', '1 = -EAGAIN (-11): a notifier would have had to block; no end follows.'),
    integer('callback_ns', 'Time spent in probed driver callbacks inside, sum.'),
    integer('callbacks', 'Probed driver callbacks inside.'),
    text('callback_function', 'The longest of them.'),
    integer('wait_ns', 'Time spent in fence waits inside, sum.'),
    integer('longest_wait_id', 'fence_wait.id of the longest of them.'),
    integer('longest_wait_ns', 'Its duration.'),
    integer('syscall_id', 'syscall.id it is nested in.'),
    integer(
      'sane',
      '0 = the arguments are impossible (wrong probe offsets): mm, range, flags and reason say nothing.',
    ),
    text(
      'source',
      "What showed it: 'probe', 'function' (no returns: durations are upper bounds), 'function_graph'; 'syscall' = a mapping call that waits for a fence, where no probe shows invalidations; 'callback' = a driver callback outside of any; 'release' = callbacks run by __mmu_notifier_release.",
    ),
    ...span('invalidate_range_start', 'invalidate_range_end'),
  ],
  indexes: [['mm'], ['tid'], ['start_ts']],
};

export const invalidationCallbackTable: Table = {
  name: 'invalidation_callback',
  doc: 'A driver callback run by an invalidation, where the user probed it.',
  columns: [
    integer('invalidation_id', 'invalidation.id it is nested in.'),
    text('function', 'Kernel function.'),
    text('module', 'Its module; NULL = built in or unknown.'),
    integer('mni', 'mmu_interval_notifier pointer.'),
    integer('tid', 'Thread that runs it.'),
    integer('ret', 'Return value.'),
    ...span('entry', 'return'),
  ],
  indexes: [['invalidation_id']],
};
