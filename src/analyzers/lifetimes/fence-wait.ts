import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime } from './lifetime.ts';

export const fenceWaitTable: Table = {
  name: 'fence_wait',
  doc: 'One blocking wait for a fence by a thread (dma_fence_wait_timeout).',
  columns: [
    integer('fence_id', 'fence.id waited for; NULL = unknown.'),
    integer('tid', 'Thread that waits.'),
    integer('process_id', 'process.id of that thread.'),
    integer('gave_up', '1 = the wait ended while the fence had not signalled.'),
    integer('ret', 'Return value where a probe showed it: 0 = timed out, negative = interrupted.'),
    integer('invalidation_id', 'invalidation.id it is nested in; NULL = none.'),
    integer('syscall_id', 'syscall.id it is nested in; NULL = none or not recorded.'),
    text('source', "'dma_fence_wait' (tracepoint) or 'probe'."),
    ...span('dma_fence_wait_start', 'dma_fence_wait_end'),
  ],
  indexes: [['fence_id'], ['invalidation_id']],
};

export const fenceWait: Lifetime = {
  kind: 'fence-wait',
  tables: [fenceWaitTable],
  track: () => ({ on: {}, finish() {} }),
};
