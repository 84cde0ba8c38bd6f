import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime } from './lifetime.ts';

export const notifierTable: Table = {
  name: 'notifier',
  doc: 'A registered mmu_interval_notifier, from insert to remove.',
  columns: [
    integer('mni', 'mmu_interval_notifier pointer.'),
    integer('generation', 'How many earlier registrations of the capture had this pointer.'),
    integer('mm', 'mm_struct pointer.'),
    integer('address_space_id', 'address_space.id of that mm.'),
    integer('range_start', 'First byte watched.'),
    integer('range_last', 'Last byte watched.'),
    integer('tid', 'Thread that inserted it.'),
    integer('process_id', 'process.id of the owner of the mm.'),
    integer('insert_ret', 'What the insert returned; NULL = not recorded.'),
    integer('remove_tid', 'Thread that removed it.'),
    text('source', "'insert', or 'use' when it was first seen in use."),
    ...span('mmu_interval_notifier_insert', 'mmu_interval_notifier_remove'),
  ],
  indexes: [['mni'], ['mm']],
};

export const notifier: Lifetime = {
  kind: 'notifier',
  tables: [notifierTable],
  track: () => ({ on: {}, finish() {} }),
};
