import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime } from './lifetime.ts';

export const pasidTable: Table = {
  name: 'pasid',
  doc: 'A PASID while it is allocated; the number is reused afterwards.',
  columns: [
    integer('pasid', 'The number.'),
    text('driver', 'Whose allocator: numbers of two drivers are unrelated.'),
    integer('process_id', 'process.id that allocated it or that its faults were served for.'),
    integer('mm', 'mm_struct pointer its faults were served for.'),
    ...span('allocated', 'freed'),
  ],
  indexes: [['pasid']],
};

export const pasid: Lifetime = {
  kind: 'pasid',
  tables: [pasidTable],
  track: () => ({ on: {}, finish() {} }),
};
