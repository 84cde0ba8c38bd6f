import type { OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { counter, integer, moment, ordinal, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveQueue, LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const gpuQueueTable: Table = {
  name: 'gpu_queue',
  doc: 'A queue of a GPU while it has its number (xe: an exec queue and its guc_id); the number is reused.',
  label: "coalesce(engine || ' ', '') || number",
  columns: [
    text('driver', 'Driver.'),
    text('dev', 'Device.'),
    integer('gt', 'GT of the device.'),
    integer('number', 'Number the firmware knows it by.'),
    text('engine', 'Class of its engine: rcs, ccs, bcs, vcs, vecs.'),
    thread('owner_tid', 'Thread that created it; NULL = created before the capture.'),
    reference('owner_process_id', 'process', 'process.id of that thread.'),
    counter('resets', 'Times it was reset.'),
    counter('memory_errors', 'Times its work reached memory it has no mapping for.'),
    moment('killed_ts', 'Killed with its address space or for what it did, relative ns.'),
    ordinal('killed_event', 'That event.'),
    moment('closed_ts', 'Closed by its owner, relative ns.'),
    ...span('created', 'destroyed'),
  ],
  indexes: [['number']],
};

/** Queues of GPUs: whose they are tells whose a fault is that names only its queue. */
export const gpuQueue: Lifetime = {
  kind: 'gpu-queue',
  tables: [gpuQueueTable],
  track: (context) => new GpuQueueTracker(context),
};

/** Of one number, queues whose destruction was not recorded make room. */
const MOST_OF_A_NUMBER = 16;

interface Queue extends LiveQueue {
  readonly driver: string;
  readonly created: Mark | undefined;
  resets: number;
  memoryErrors: number;
  killed: Mark | undefined;
  closed: Mark | undefined;
}

type Named = Pick<OccurrenceOf<'queue.state'>, 'driver' | 'dev' | 'gt' | 'number'>;

class GpuQueueTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'queue.created': (created) => {
      const before = this.#find(created);
      if (before) this.#close(before, undefined);
      this.#add(created, markOf(created), created.engine, this.#context.live.taskOf(created.tid));
    },
    'queue.state': (changed) => this.#changed(changed),
    'queue.destroyed': (destroyed) => {
      const over = this.#find(destroyed);
      if (over) this.#close(over, markOf(destroyed));
    },
    'device.fault': (fault) => {
      const { queue: number, dev, gt } = fault;
      const faulting = number === undefined ? undefined : this.#find({ number, dev, gt });
      if (faulting) faulting.memoryErrors += 1;
    },
  };
  readonly #context: LifetimeContext;

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const queues of [...this.#context.live.queues.values()]) {
      for (const open of [...queues]) this.#close(open as Queue, undefined);
    }
  }

  #find(named: Omit<Named, 'driver'>): Queue | undefined {
    return this.#context.live.queueOf(named.number, named.dev, named.gt) as Queue | undefined;
  }

  #add(
    named: Named,
    created: Mark | undefined,
    engine: string | undefined,
    owner: LiveTask | undefined,
  ): Queue {
    const added: Queue = {
      id: this.#context.nextId(gpuQueueTable),
      driver: named.driver,
      dev: named.dev,
      gt: named.gt,
      number: named.number,
      engine,
      owner,
      created,
      resets: 0,
      memoryErrors: 0,
      killed: undefined,
      closed: undefined,
    };
    const { queues } = this.#context.live;
    const same = queues.get(named.number) ?? [];
    same.push(added);
    queues.set(named.number, same);
    if (same.length > MOST_OF_A_NUMBER) this.#close(same[0] as Queue, undefined);
    return added;
  }

  #changed(changed: OccurrenceOf<'queue.state'>): void {
    const queue = this.#find(changed) ?? this.#add(changed, undefined, undefined, undefined);
    if (changed.state === 'reset') queue.resets += 1;
    else if (changed.state === 'killed') queue.killed ??= markOf(changed);
    else if (changed.state === 'closed') queue.closed ??= markOf(changed);
  }

  #close(over: Queue, end: Mark | undefined): void {
    const { queues } = this.#context.live;
    const left = (queues.get(over.number) ?? []).filter((one) => one !== over);
    if (left.length > 0) queues.set(over.number, left);
    else queues.delete(over.number);
    this.#context.emit(gpuQueueTable, {
      id: over.id,
      driver: over.driver,
      dev: over.dev ?? null,
      gt: over.gt ?? null,
      number: over.number,
      engine: over.engine ?? null,
      owner_tid: over.owner?.tid ?? null,
      owner_process_id: over.owner?.process.id ?? null,
      resets: over.resets,
      memory_errors: over.memoryErrors,
      killed_ts: over.killed?.ts ?? null,
      killed_event: over.killed?.event ?? null,
      closed_ts: over.closed?.ts ?? null,
      ...lived(this.#context, over.created, end),
    });
  }
}
