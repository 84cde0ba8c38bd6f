import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime } from './lifetime.ts';

export const syscallTable: Table = {
  name: 'syscall',
  doc: 'A system call with something of interest inside it; others are not kept.',
  columns: [
    text('name', 'Name without `sys_`.'),
    integer('tid', 'Calling thread.'),
    integer('process_id', 'process.id of that thread.'),
    integer('arg0', 'First argument.'),
    integer('arg1', 'Second argument.'),
    integer('arg2', 'Third argument.'),
    integer('ret', 'Return value.'),
    ...span('entry', 'return'),
  ],
  indexes: [['tid']],
};

export const syscall: Lifetime = {
  kind: 'syscall',
  tables: [syscallTable],
  track: () => ({ on: {}, finish() {} }),
};
