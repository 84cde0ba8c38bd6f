import type { Table } from '../../store/table.ts';
import { address, reference, span, text, thread, yesNo } from './columns.ts';

export const lockWaitTable: Table = {
  name: 'lock_wait',
  doc: 'A thread that waited 1 ms or more for a lock, or still did when the capture ended; shorter waits are not kept.',
  columns: [
    text('lock', 'mm of an mmap_lock, else address of the lock; a hash of it in text recordings.'),
    text('what', '`mmap_lock to read`, `mmap_lock to write`, `mutex`, `rwsem to read`, …'),
    address('mm', 'mm_struct pointer of an mmap_lock; NULL = another lock, or hashed.'),
    thread('tid', 'Thread that waits.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    reference(
      'hold_id',
      'lock_hold',
      'lock_hold.id it had to wait for first; NULL = not recorded.',
    ),
    yesNo('failed', '1 = it gave up or was interrupted.'),
    ...span('asked for', 'taken, or given up'),
  ],
  indexes: [['tid'], ['lock']],
};

export const lockHoldTable: Table = {
  name: 'lock_hold',
  doc: 'A thread that held an mmap_lock while others waited 1 ms or more for it; all other times are not kept.',
  columns: [
    text('lock', 'As in lock_wait.'),
    text('mode', "'read' or 'write'."),
    thread('tid', 'Thread that took it.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    yesNo(
      'certain',
      '1 = taken and released by one thread, as recorded; 0 = it was released unseen, at the latest at end_ts, or somebody else may have released it.',
    ),
    ...span('taken', 'released'),
  ],
  indexes: [['lock'], ['tid']],
};
