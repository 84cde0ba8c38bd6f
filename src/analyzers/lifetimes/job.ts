import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime } from './lifetime.ts';

export const jobTable: Table = {
  name: 'job',
  doc: 'A GPU job of the scheduler. Ring and number, or context:seqno of its finished fence, name it.',
  columns: [
    text('ring', 'Ring or queue.'),
    text('dev', 'Device, where the event says so.'),
    integer('job_number', 'Number per ring (kernels before 6.17).'),
    integer('entity', 'drm_sched_entity pointer (kernels before 6.17).'),
    integer('context', 'Fence context of the finished fence.'),
    integer('seqno', 'Sequence number of the finished fence.'),
    integer('fence_pointer', 'Pointer of the finished fence (kernels before 6.17).'),
    integer('fence_id', 'fence.id of the finished fence.'),
    integer('owner_tid', 'Thread that queued it.'),
    integer('owner_process_id', 'process.id of that thread.'),
    integer('queue_ts', 'Pushed to its entity, relative ns.'),
    integer('queue_event', 'That event.'),
    integer('run_ts', 'Given to the hardware, relative ns; NULL = never while the capture ran.'),
    integer('run_event', 'That event.'),
    integer('done_ts', 'Hardware reported it done, relative ns.'),
    integer('done_event', 'That event.'),
    integer('depends_event', 'First event saying that it had to wait for a fence.'),
    integer('depends_fence_id', 'fence.id of that fence.'),
    text('source', 'Events it is made of, for example `gpu_scheduler` or `amdgpu`.'),
    ...span('queued', 'done'),
  ],
  indexes: [
    ['ring', 'job_number'],
    ['context', 'seqno'],
  ],
};

export const job: Lifetime = {
  kind: 'job',
  tables: [jobTable],
  track: () => ({ on: {}, finish() {} }),
};
