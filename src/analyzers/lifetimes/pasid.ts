import { IOMMU_PASIDS, type OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { address, integer, moment, ordinal, reference, span, text } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LivePasid, LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const pasidTable: Table = {
  name: 'pasid',
  doc: 'A PASID while it is allocated to a process; the number is reused afterwards.',
  label: 'pasid',
  columns: [
    integer('pasid', 'The number.'),
    text(
      'driver',
      "Whose allocator, 'iommu' for an IOMMU's: numbers of two of them are unrelated.",
    ),
    reference(
      'process_id',
      'process',
      'process.id that allocated it or that its faults were served for.',
    ),
    address('mm', 'mm_struct pointer its faults were served for.'),
    text('dev', 'Devices an IOMMU bound it on, with commas; NULL = a driver’s, or not recorded.'),
    moment('next_ts', 'An IOMMU gave the number to another process, relative ns.'),
    ordinal('next_event', 'That event.'),
    ...span('allocated', 'freed'),
  ],
  indexes: [['pasid']],
};

/** PASIDs between allocation and release. Whom they belong to is learned from faults that worked. */
export const pasid: Lifetime = {
  kind: 'pasid',
  tables: [pasidTable],
  track: (context) => new PasidTracker(context),
};

interface Allocation extends LivePasid {
  readonly id: number;
  readonly pasid: number;
  readonly driver: string;
  readonly allocated: Mark;
  readonly task: LiveTask | undefined;
}

/** A PASID an IOMMU knows: bound as long as a cache tag of it is in use. */
interface Binding extends LivePasid {
  readonly id: number;
  readonly pasid: number;
  readonly bound: Mark;
  readonly devs: Set<string>;
  /** Devices whose tag is in use; empty for the tag of the IOMMU itself. */
  readonly tags: Set<string>;
  next: Mark | undefined;
  unbound: Mark | undefined;
}

class PasidTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'pasid.allocated': (allocated) => {
      if (allocated.driver === IOMMU_PASIDS) this.#bound(allocated);
      else this.#allocated(allocated);
    },
    'pasid.freed': (freed) => {
      if (freed.driver === IOMMU_PASIDS) {
        this.#unbound(freed);
        return;
      }
      // faults may come after it: the number stays known as his until it is given away again
      this.#free(freed.pasid, markOf(freed));
    },
    'vmid.granted': (granted) => {
      const { vmids } = this.#context.live;
      let hubs = vmids.get(granted.vmid);
      if (!hubs) {
        hubs = new Map();
        vmids.set(granted.vmid, hubs);
      }
      hubs.set(granted.hub ?? 0, granted.pasid);
    },
  };
  readonly #context: LifetimeContext;
  readonly #allocations = new Map<number, Allocation>();
  readonly #bindings = new Map<number, Binding>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const number of [...this.#allocations.keys()]) this.#free(number, undefined);
    for (const binding of this.#bindings.values()) this.#emitBinding(binding);
  }

  #allocated(allocated: OccurrenceOf<'pasid.allocated'>): void {
    this.#free(allocated.pasid, undefined);
    const { live } = this.#context;
    const task = live.taskOf(allocated.tid);
    const last = live.pasids.get(allocated.pasid);
    const allocation: Allocation = {
      id: this.#context.nextId(pasidTable),
      pasid: allocated.pasid,
      driver: allocated.driver,
      allocated: markOf(allocated),
      task,
      process: task?.process,
      addressSpace: undefined,
      before: last && { process: last.process, addressSpace: last.addressSpace },
    };
    this.#allocations.set(allocated.pasid, allocation);
    live.pasids.set(allocated.pasid, allocation);
  }

  /** One per tag and device: the first of a process tells all. Who else binds the number has it next. */
  #bound(bound: OccurrenceOf<'pasid.allocated'>): void {
    const { live } = this.#context;
    const task = live.taskOf(bound.tid);
    if (!task || task.kernelThread) return;
    const before = this.#bindings.get(bound.pasid);
    const same = before && !before.unbound && before.process === task.process;
    if (before && !same) {
      before.next = markOf(bound);
      this.#emitBinding(before);
    }
    const binding = same ? before : this.#bind(bound, task);
    binding.tags.add(bound.dev ?? '');
    if (bound.dev !== undefined) binding.devs.add(bound.dev);
  }

  #bind(bound: OccurrenceOf<'pasid.allocated'>, task: LiveTask): Binding {
    const binding: Binding = {
      id: this.#context.nextId(pasidTable),
      pasid: bound.pasid,
      bound: markOf(bound),
      devs: new Set(),
      process: task.process,
      addressSpace: task.process.addressSpace,
      tags: new Set(),
      next: undefined,
      unbound: undefined,
    };
    this.#bindings.set(bound.pasid, binding);
    this.#context.live.iommuPasids.set(bound.pasid, binding);
    return binding;
  }

  /** Requests may come after it, so the binding stays known until the number is bound again. */
  #unbound(freed: OccurrenceOf<'pasid.freed'>): void {
    const binding = this.#bindings.get(freed.pasid);
    if (!binding || binding.unbound) return;
    binding.tags.delete(freed.dev ?? '');
    if (binding.tags.size === 0) binding.unbound = markOf(freed);
  }

  #emitBinding(binding: Binding): void {
    // faults that worked may have told more of it since
    const addressSpace = binding.addressSpace ?? binding.process?.addressSpace;
    this.#context.emit(pasidTable, {
      id: binding.id,
      pasid: binding.pasid,
      driver: IOMMU_PASIDS,
      process_id: binding.process?.id ?? null,
      mm: addressSpace?.mm ?? null,
      dev: binding.devs.size === 0 ? null : [...binding.devs].join(','),
      next_ts: binding.next?.ts ?? null,
      next_event: binding.next?.event ?? null,
      ...lived(this.#context, binding.bound, binding.unbound),
    });
  }

  #free(number: number, end: Mark | undefined): void {
    const allocation = this.#allocations.get(number);
    if (!allocation) return;
    this.#allocations.delete(number);
    this.#context.emit(pasidTable, {
      id: allocation.id,
      pasid: allocation.pasid,
      driver: allocation.driver,
      process_id: (allocation.process ?? allocation.task?.process)?.id ?? null,
      mm: allocation.addressSpace?.mm ?? null,
      ...lived(this.#context, allocation.allocated, end),
    });
  }
}
