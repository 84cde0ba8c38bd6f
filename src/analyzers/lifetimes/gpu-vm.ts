import type { OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import {
  address,
  counter,
  integer,
  moment,
  ordinal,
  reference,
  span,
  text,
  thread,
} from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveGpuVm, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const gpuVmTable: Table = {
  name: 'gpu_vm',
  doc: 'An address space of a GPU: an xe_vm, or an i915 ppgtt. The ASID is reused afterwards.',
  label: "coalesce(asid, format('0x%x', vm))",
  columns: [
    text('driver', 'Driver.'),
    text('dev', 'Device.'),
    address('vm', 'Pointer of its struct.'),
    integer('asid', 'Number the device knows it by (xe).'),
    thread('owner_tid', 'Thread that created it; NULL = created before the capture.'),
    reference('owner_process_id', 'process', 'process.id of that thread.'),
    moment('killed_ts', 'Killed: its queues can run no more, relative ns.'),
    ordinal('killed_event', 'That event.'),
    counter('mappings', 'Mappings bound in it.'),
    ...span('created', 'freed'),
  ],
  indexes: [['asid']],
};

/** Address spaces of GPUs; xe names the faulting one by its ASID. */
export const gpuVm: Lifetime = {
  kind: 'gpu-vm',
  tables: [gpuVmTable],
  track: (context) => new GpuVmTracker(context),
};

/** Live ones are told of at most this many: those whose end is not recorded make room. */
const MOST_LIVE = 4096;

interface OpenVm extends LiveGpuVm {
  readonly created: Mark | undefined;
  killed: Mark | undefined;
}

class GpuVmTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'vm.created': (created) => {
      const before = this.#find(created);
      if (before) this.#close(before, undefined);
      this.#open(created, markOf(created));
    },
    'vm.killed': (killed) => {
      const vm = this.#find(killed) ?? this.#open(killed, undefined);
      vm.killed ??= markOf(killed);
    },
    'vm.freed': (freed) => {
      this.#close(this.#find(freed) ?? this.#open(freed, undefined), markOf(freed));
    },
  };
  readonly #context: LifetimeContext;
  readonly #alive: Set<OpenVm>;

  constructor(context: LifetimeContext) {
    this.#context = context;
    this.#alive = context.live.gpuVms.all as Set<OpenVm>;
  }

  finish(): void {
    for (const open of [...this.#alive]) this.#close(open, undefined);
  }

  #find(named: OccurrenceOf<'vm.created' | 'vm.killed' | 'vm.freed'>): OpenVm | undefined {
    const { driver, dev, vm, asid } = named;
    const found = this.#context.live.gpuVms.find(driver, dev, vm, asid) as OpenVm | undefined;
    return found && this.#alive.has(found) ? found : undefined;
  }

  #open(
    named: OccurrenceOf<'vm.created' | 'vm.killed' | 'vm.freed'>,
    created: Mark | undefined,
  ): OpenVm {
    const opened: OpenVm = {
      id: this.#context.nextId(gpuVmTable),
      driver: named.driver,
      dev: named.dev,
      vm: named.vm,
      asid: named.asid,
      owner: created ? this.#context.live.taskOf(named.tid) : undefined,
      mappings: 0,
      created,
      killed: undefined,
    };
    this.#context.live.gpuVms.add(opened);
    const [oldest] = this.#alive;
    if (oldest && this.#alive.size > MOST_LIVE) this.#close(oldest, undefined);
    return opened;
  }

  #close(over: OpenVm, end: Mark | undefined): void {
    this.#context.live.gpuVms.remove(over);
    this.#context.emit(gpuVmTable, {
      id: over.id,
      driver: over.driver,
      dev: over.dev ?? null,
      vm: over.vm ?? null,
      asid: over.asid ?? null,
      owner_tid: over.owner?.tid ?? null,
      owner_process_id: over.owner?.process.id ?? null,
      killed_ts: over.killed?.ts ?? null,
      killed_event: over.killed?.event ?? null,
      mappings: over.mappings,
      ...lived(this.#context, over.created, end),
    });
  }
}
