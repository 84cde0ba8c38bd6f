import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime } from './lifetime.ts';

export const addressSpaceTable: Table = {
  name: 'address_space',
  doc: 'An mm_struct. Its address is reused within milliseconds, so (mm, generation) is its identity.',
  columns: [
    integer('mm', 'mm_struct pointer.'),
    integer('generation', 'How many earlier address spaces of the capture had this pointer.'),
    integer('process_id', 'process.id of its owner; NULL = unknown.'),
    integer('pid', 'pid of its owner.'),
    integer('release_ts', '__mmu_notifier_release: its notifiers are told it dies, relative ns.'),
    integer('release_event', 'That event.'),
    integer('end_tid', 'Thread that ran exit_mmap; a kworker when somebody held mm_users.'),
    text(
      'end_reason',
      "'exit', 'exec' or 'other-task' (exit_mmap by a task outside the owner's group).",
    ),
    integer('drop_ts', '__mmdrop: the struct itself was freed, relative ns.'),
    integer('drop_event', 'That event.'),
    ...span('fork or exec of its owner', 'exit_mmap'),
  ],
  indexes: [['mm'], ['process_id']],
};

export const addressSpace: Lifetime = {
  kind: 'address-space',
  tables: [addressSpaceTable],
  track: () => ({ on: {}, finish() {} }),
};
