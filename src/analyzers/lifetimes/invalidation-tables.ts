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
  yesNo,
} from './columns.ts';

export const invalidationTable: Table = {
  name: 'invalidation',
  doc: 'One invalidate_range_start … invalidate_range_end of an mm that has notifiers.',
  durations: [
    {
      name: 'held_up',
      from: 'start_ts',
      to: 'return_ts',
      doc: 'The caller, in invalidate_range_start.',
    },
  ],
  columns: [
    address('mm', 'mm_struct pointer.'),
    reference('address_space_id', 'address_space', 'address_space.id of that mm.'),
    thread('tid', 'Thread that invalidates (the actor).'),
    reference('process_id', 'process', 'process.id of the actor; may be a kthread.'),
    reference('victim_process_id', 'process', 'process.id that owns the mm.'),
    address('range_start', 'First byte of the range.'),
    address('range_end', 'Byte after the range.'),
    integer('flags', 'mmu_notifier_range.flags: bit 0 = may block.'),
    named(
      'reason',
      MMU_NOTIFY_NAMES,
      'enum mmu_notifier_event: 0 UNMAP, 1 CLEAR, 2 PROTECTION_VMA, 3 PROTECTION_PAGE, 4 SOFT_DIRTY, 5 RELEASE, 6 MIGRATE, 7 EXCLUSIVE.',
    ),
    moment(
      'return_ts',
      'Return of invalidate_range_start, relative ns: until then the caller was held up.',
    ),
    ordinal('return_event', 'That event.'),
    errno('ret', 'Return value of invalidate_range_start; NULL = not recorded.'),
    yesNo('refused', '1 = -EAGAIN (-11): a notifier would have had to block; no end follows.'),
    duration('callback_ns', 'Time spent in probed driver callbacks inside, sum.'),
    counter('callbacks', 'Probed driver callbacks inside.'),
    text('callback_function', 'The longest of them.'),
    duration('wait_ns', 'Time spent in fence waits inside, sum.'),
    reference('longest_wait_id', 'fence_wait', 'fence_wait.id of the longest of them.'),
    duration('longest_wait_ns', 'Its duration.'),
    reference('syscall_id', 'syscall', 'syscall.id it is nested in.'),
    yesNo(
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
    reference('invalidation_id', 'invalidation', 'invalidation.id it is nested in.'),
    text('function', 'Kernel function.'),
    text('module', 'Its module; NULL = built in or unknown.'),
    address('mni', 'mmu_interval_notifier pointer.'),
    thread('tid', 'Thread that runs it.'),
    errno('ret', 'Return value.'),
    ...span('entry', 'return'),
  ],
  indexes: [['invalidation_id']],
};
