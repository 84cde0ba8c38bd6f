import { IOMMU_PASIDS, type OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LivePasid, LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const pasidTable: Table = {
  name: 'pasid',
  doc: 'A PASID while it is allocated; the number is reused afterwards.',
  columns: [
    integer('pasid', 'The number.'),
    text(
      'driver',
      "Whose allocator, 'iommu' for an IOMMU's: numbers of two of them are unrelated.",
    ),
    integer('process_id', 'process.id that allocated it or that its faults were served for.'),
    integer('mm', 'mm_struct pointer its faults were served for.'),
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

class PasidTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'pasid.allocated': (allocated) => {
      if (allocated.driver === IOMMU_PASIDS) this.#bound(allocated);
      else this.#allocated(allocated);
    },
    'pasid.freed': (freed) => {
      this.#free(freed.pasid, markOf(freed));
      this.#context.live.pasids.delete(freed.pasid);
    },
  };
  readonly #context: LifetimeContext;
  readonly #allocations = new Map<number, Allocation>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const number of [...this.#allocations.keys()]) this.#free(number, undefined);
  }

  #allocated(allocated: OccurrenceOf<'pasid.allocated'>): void {
    this.#free(allocated.pasid, undefined);
    const task = this.#context.live.taskOf(allocated.tid);
    const allocation: Allocation = {
      id: this.#context.nextId(pasidTable),
      pasid: allocated.pasid,
      driver: allocated.driver,
      allocated: markOf(allocated),
      task,
      process: task?.process,
      addressSpace: undefined,
    };
    this.#allocations.set(allocated.pasid, allocation);
    this.#context.live.pasids.set(allocated.pasid, allocation);
  }

  /** One per tag and device: the first of a process tells all. Who else binds the number has it next. */
  #bound(bound: OccurrenceOf<'pasid.allocated'>): void {
    const { live } = this.#context;
    const task = live.taskOf(bound.tid);
    const before = live.iommuPasids.get(bound.pasid);
    if (!task || task.kernelThread || before?.process === task.process) return;
    const binding = { process: task.process, addressSpace: task.process.addressSpace };
    live.iommuPasids.set(bound.pasid, binding);
    this.#context.emit(pasidTable, {
      id: this.#context.nextId(pasidTable),
      pasid: bound.pasid,
      driver: IOMMU_PASIDS,
      process_id: task.process.id,
      mm: binding.addressSpace?.mm ?? null,
      ...lived(this.#context, markOf(bound), undefined),
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
