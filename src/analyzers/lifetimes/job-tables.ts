import type { Word } from '../../kernel/occurrence.ts';
import type { Row, Table } from '../../store/table.ts';
import {
  address,
  errno,
  integer,
  moment,
  ordinal,
  reference,
  span,
  text,
  thread,
} from './columns.ts';
import type { Dependency } from './job-dependencies.ts';
import type { LifetimeContext } from './lifetime.ts';
import type { LiveFence, LiveTask, Mark } from './live-objects.ts';
import { lived } from './lived.ts';

export const jobTable: Table = {
  name: 'job',
  doc: 'A GPU job of the scheduler or its driver. Ring and number, or context:seqno of its finished fence, name it.',
  label: "coalesce(ring || ' ', '') || coalesce(job_number, context || ':' || seqno, id)",
  durations: [
    {
      name: 'queued',
      from: 'queue_ts',
      to: 'run_ts',
      doc: 'Queue to run: waited for its turn and for what it depends on.',
    },
    {
      name: 'ran',
      from: 'run_ts',
      to: 'done_ts',
      doc: 'Run to done: on the hardware, behind the jobs given to it earlier.',
    },
  ],
  columns: [
    text('ring', 'Ring or queue.'),
    text('dev', 'Device, where the event says so.'),
    integer('job_number', 'Number per ring (kernels before 6.17).'),
    address('entity', 'drm_sched_entity pointer (kernels before 6.17).'),
    integer('context', 'Fence context of the finished fence.'),
    integer('seqno', 'Sequence number of the finished fence.'),
    address('fence_pointer', 'Pointer of the finished fence (kernels before 6.17).'),
    reference('fence_id', 'fence', 'fence.id of the finished fence.'),
    thread('owner_tid', 'Thread that queued it.'),
    reference('owner_process_id', 'process', 'process.id of that thread.'),
    moment('queue_ts', 'Pushed to its entity, relative ns.'),
    ordinal('queue_event', 'That event.'),
    moment('run_ts', 'Given to the hardware, relative ns; NULL = never while the capture ran.'),
    ordinal('run_event', 'That event.'),
    moment('done_ts', 'Hardware reported it done, relative ns.'),
    ordinal('done_event', 'That event.'),
    reference('queue_id', 'gpu_queue', 'gpu_queue.id of its queue, where the driver names it.'),
    integer('client', "drm_file's client id (6.17 and later)."),
    errno('error', 'Error its driver set on its fence: a negative errno.'),
    moment('timeout_ts', 'It ran into its time limit, relative ns.'),
    ordinal('timeout_event', 'That event.'),
    ordinal('depends_event', 'First event saying that it had to wait for a fence.'),
    reference('depends_fence_id', 'fence', 'fence.id of that fence.'),
    text('source', 'Events it is made of, for example `gpu_scheduler` or `amdgpu`.'),
    ...span('queued', 'done'),
  ],
  indexes: [
    ['ring', 'job_number'],
    ['ring', 'run_ts'],
    ['context', 'seqno'],
  ],
};

/** A job nothing has ended yet, or that is still told about. */
export interface OpenJob {
  readonly id: number;
  ring: string | undefined;
  dev: string | undefined;
  number: Word | undefined;
  entity: Word | undefined;
  context: Word | undefined;
  seqno: Word | undefined;
  /** Ring and number, as each source of events knows it. */
  readonly keys: string[];
  pointer: Word | undefined;
  /** Of its hardware fence, by which xe names it beside the scheduler. */
  hardware: Word | undefined;
  queueId: number | undefined;
  client: Word | undefined;
  error: number | undefined;
  timeout: Mark | undefined;
  fence: LiveFence | undefined;
  fenceId: number | undefined;
  owner: LiveTask | undefined;
  source: string;
  queued: Mark | undefined;
  run: Mark | undefined;
  done: Mark | undefined;
  depends: Mark | undefined;
  dependsFenceId: number | undefined;
  readonly dependencies: Dependency[];
  emitted: boolean;
}

export function openJob(id: number, source: string): OpenJob {
  return {
    id,
    source,
    ring: undefined,
    dev: undefined,
    number: undefined,
    entity: undefined,
    context: undefined,
    seqno: undefined,
    keys: [],
    pointer: undefined,
    hardware: undefined,
    queueId: undefined,
    client: undefined,
    error: undefined,
    timeout: undefined,
    fence: undefined,
    fenceId: undefined,
    owner: undefined,
    queued: undefined,
    run: undefined,
    done: undefined,
    depends: undefined,
    dependsFenceId: undefined,
    dependencies: [],
    emitted: false,
  };
}

export function jobRow(over: OpenJob, context: LifetimeContext): Row {
  return {
    id: over.id,
    ring: over.ring ?? null,
    dev: over.dev ?? null,
    job_number: over.number ?? null,
    entity: over.entity ?? null,
    context: over.context ?? null,
    seqno: over.seqno ?? null,
    fence_pointer: over.pointer ?? over.hardware ?? null,
    fence_id: over.fenceId ?? null,
    owner_tid: over.owner?.tid ?? null,
    owner_process_id: over.owner?.process.id ?? null,
    queue_id: over.queueId ?? null,
    client: over.client ?? null,
    error: over.error ?? null,
    ...momentsOf(over),
    depends_fence_id: over.dependsFenceId ?? null,
    source: over.source,
    ...lived(context, over.queued, over.done),
  };
}

function momentsOf(over: OpenJob) {
  return {
    queue_ts: over.queued?.ts ?? null,
    queue_event: over.queued?.event ?? null,
    run_ts: over.run?.ts ?? null,
    run_event: over.run?.event ?? null,
    done_ts: over.done?.ts ?? null,
    done_event: over.done?.event ?? null,
    timeout_ts: over.timeout?.ts ?? null,
    timeout_event: over.timeout?.event ?? null,
    depends_event: over.depends?.event ?? null,
  };
}
