import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { address, counter, moment, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveGpuVm, LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';
import { Retirement } from './retirement.ts';

export const gpuMappingTable: Table = {
  name: 'gpu_mapping',
  doc: 'A range of GPU addresses that a driver bound to memory: a buffer, or a userptr.',
  columns: [
    text('driver', 'Driver.'),
    reference('gpu_vm_id', 'gpu_vm', 'gpu_vm.id it is bound in.'),
    reference('process_id', 'process', 'process.id that bound it, or that owns the address space.'),
    thread('tid', 'Thread that bound it first.'),
    address('mapping', 'Pointer of its struct (xe_vma).'),
    address('object', 'Pointer of the buffer (i915, amdgpu).'),
    address('range_start', 'First GPU address.'),
    address('range_end', 'GPU address after the last.'),
    address('userptr', 'CPU address whose memory it shows; NULL = a buffer, or not known.'),
    counter('binds', 'Times it was bound: again after an eviction, an invalidation or a fault.'),
    counter('invalidations', 'Times it was invalidated or evicted.'),
    moment('invalidated_ts', 'Last of them, relative ns.'),
    ...span('bound', 'unbound'),
  ],
  indexes: [['process_id'], ['gpu_vm_id']],
};

/** What GPUs can reach: the mappings of buffers and of process memory in their address spaces. */
export const gpuMapping: Lifetime = {
  kind: 'gpu-mapping',
  tables: [gpuMappingTable],
  track: (context) => new GpuMappingTracker(context),
};

/** Mappings kept while their end has not been seen. */
const MOST_LIVE = 65_536;

type MappingEvent = OccurrenceOf<'mapping.bound' | 'mapping.unbound' | 'mapping.invalidated'>;

interface OpenMapping {
  readonly id: number;
  readonly key: Word | string;
  readonly from: MappingEvent;
  readonly vm: LiveGpuVm | undefined;
  readonly task: LiveTask | undefined;
  readonly bound: Mark | undefined;
  binds: number;
  invalidations: number;
  invalidatedTs: number | undefined;
  closed: boolean;
}

class GpuMappingTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'mapping.bound': (bound) => this.#bound(bound),
    'mapping.unbound': (unbound) => {
      const known = this.#open.get(this.#keyOf(unbound));
      if (known) this.#close(known, markOf(unbound));
    },
    'mapping.invalidated': (invalidated) => {
      this.#invalidated(this.#keyOf(invalidated), invalidated.ts);
    },
    // the notifier callback of a userptr mapping
    'probe.enter': ({ role, args, ts }) => {
      const { vma } = args;
      if (role === 'invalidate-callback' && vma !== undefined) this.#invalidated(vma, ts);
    },
  };
  readonly #context: LifetimeContext;
  readonly #open = new Map<Word | string, OpenMapping>();
  readonly #aging = new Retirement<OpenMapping>(
    Number.POSITIVE_INFINITY,
    MOST_LIVE,
    (old) => this.#close(old, undefined),
    (old) => old.closed,
  );

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const open of [...this.#open.values()]) this.#close(open, undefined);
  }

  #invalidated(key: Word | string, ts: number): void {
    const known = this.#open.get(key);
    if (!known) return;
    known.invalidations += 1;
    known.invalidatedTs = ts;
  }

  #bound(bound: OccurrenceOf<'mapping.bound'>): void {
    const key = this.#keyOf(bound);
    const before = this.#open.get(key);
    if (before && before.from.start === bound.start && before.from.end === bound.end) {
      before.binds += 1;
      return;
    }
    // the struct was freed and given away: its unbinding was not recorded
    if (before) this.#close(before, undefined);
    const { live } = this.#context;
    const vm = live.gpuVms.find(bound.driver, bound.dev, bound.vm, bound.asid);
    if (vm) vm.mappings += 1;
    const opened: OpenMapping = {
      id: this.#context.nextId(gpuMappingTable),
      key,
      from: bound,
      vm,
      task: live.taskOf(bound.tid),
      bound: markOf(bound),
      binds: 1,
      invalidations: 0,
      invalidatedTs: undefined,
      closed: false,
    };
    this.#open.set(key, opened);
    this.#aging.add(opened, bound.ts);
  }

  /**
   * xe: the xe_vma's address, or its place where the text hides the address; i915: object, address
   * space and offset; amdgpu, whose events name no address space: of the calling process.
   */
  #keyOf(event: MappingEvent): Word | string {
    if (event.mapping !== undefined) return event.mapping;
    const owner =
      event.vm ??
      event.asid ??
      `process ${this.#context.live.taskOf(event.tid)?.process.id ?? event.tid}`;
    return `${owner} ${event.object ?? ''} ${event.start ?? ''}`;
  }

  /** A worker binds for others: then the owner of the address space is whose it is. */
  #processIdOf(over: OpenMapping): number | null {
    const binder = over.task?.kernelThread === false ? over.task.process : undefined;
    return (over.vm?.owner?.process ?? binder)?.id ?? null;
  }

  #close(over: OpenMapping, end: Mark | undefined): void {
    over.closed = true;
    if (this.#open.get(over.key) === over) this.#open.delete(over.key);
    const { from } = over;
    this.#context.emit(gpuMappingTable, {
      id: over.id,
      driver: from.driver,
      gpu_vm_id: over.vm?.id ?? null,
      process_id: this.#processIdOf(over),
      tid: from.tid,
      mapping: from.mapping ?? null,
      object: from.object ?? null,
      range_start: from.start ?? null,
      range_end: from.end ?? null,
      userptr: from.userptr ?? null,
      binds: over.binds,
      invalidations: over.invalidations,
      invalidated_ts: over.invalidatedTs ?? null,
      ...lived(this.#context, over.bound, end),
    });
  }
}
