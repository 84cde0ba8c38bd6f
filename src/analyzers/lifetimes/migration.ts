import { plus } from '../../kernel/arguments.ts';
import type { MemorySide } from '../../kernel/device-occurrence.ts';
import type { Moment, OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { address, bytes, counter, errno, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveProcess, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const migrationTable: Table = {
  name: 'migration',
  doc: "Memory that moved: pages of a process between the CPU's memory and a device, or a buffer.",
  columns: [
    text('source', 'What tells of it: `migrate_vma`, `amdkfd`, `migrate_pages`, `xe`, `amdgpu`.'),
    thread('tid', 'Thread that moves it.'),
    reference(
      'process_id',
      'process',
      'process.id whose memory it is; of a buffer: whose thread moves it.',
    ),
    address('mm', 'mm_struct pointer.'),
    address('object', 'Pointer of the buffer; NULL = pages of a process.'),
    address('range_start', 'First CPU address.'),
    address('range_end', 'CPU address after the last.'),
    bytes('bytes', 'Bytes of the range or buffer.'),
    text('from_place', 'Where it was, as the event says: system, device, gpu ad5c, vram0, gtt.'),
    text('to_place', 'Where it goes.'),
    text('direction', "'to device', 'to system'; NULL = neither, or not known."),
    text('reason', 'Why, where the event says so: CPU fault, GPU fault, prefetch, eviction.'),
    counter('pages', 'Pages that moved, where the event says so.'),
    errno('ret', 'Negative errno: nothing moved.'),
    ...span('started', 'ended'),
  ],
  indexes: [['process_id'], ['object']],
};

/** Migrations: what moves back and forth costs more than either place. */
export const migration: Lifetime = {
  kind: 'migration',
  tables: [migrationTable],
  track: (context) => new MigrationTracker(context),
};

/** Migrations begun and not ended, over which no thread should come. */
const MOST_OPEN = 4096;
const MIGRATE = 6;
/** enum KFD_MIGRATE_TRIGGERS, include/uapi/linux/kfd_ioctl.h. */
const KFD_REASONS: readonly string[] = ['prefetch', 'GPU fault', 'CPU fault', 'eviction'];
const SYSTEM_NODE = 0;

type Direction = 'to device' | 'to system' | undefined;

interface OpenMigration {
  readonly id: number;
  readonly source: string;
  readonly tid: number;
  readonly start: Word | undefined;
  readonly end: Word | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly direction: Direction;
  readonly reason: string | undefined;
  readonly begun: Mark;
  mm: Word | undefined;
  process: LiveProcess | undefined;
}

class MigrationTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'migrate_vma.setup': (setup) => this.#setup(setup),
    'migrate_vma.end': (end) => this.#finish(`vma ${end.tid}`, end, undefined, end.ret),
    'migration.start': (start) => this.#kfd(start),
    'migration.end': (end) => {
      this.#finish(kfdKey(end), end, undefined, end.error === 0 ? undefined : end.error);
    },
    'migrate_pages.start': (start) => {
      this.#begin(`pages ${start.tid}`, start, { source: 'migrate_pages', reason: start.reason });
    },
    'migrate_pages.end': (end) => this.#finish(`pages ${end.tid}`, end, end.pages, undefined),
    'migration.buffer': (move) => this.#buffer(move),
    'invalidation.begin': (begin) => {
      // it comes from inside migrate_vma_setup and names the address space
      if (this.#open.size > 0 && begin.reason === MIGRATE) this.#invalidates(begin.tid, begin.mm);
    },
    'task.exit': (exit) => {
      if (this.#open.size === 0) return;
      this.#abandon(`vma ${exit.tid}`);
      this.#abandon(`pages ${exit.tid}`);
    },
  };
  readonly #context: LifetimeContext;
  readonly #open = new Map<string, OpenMigration>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const open of this.#open.values()) this.#emit(open, undefined, undefined, undefined);
  }

  #setup(setup: OccurrenceOf<'migrate_vma.setup'>): void {
    const { live } = this.#context;
    const opened = this.#begin(`vma ${setup.tid}`, setup, {
      source: 'migrate_vma',
      start: setup.start,
      end: setup.end,
      from: setup.from,
      to: setup.to,
      direction: directionOf(setup.from, setup.to),
      reason: setup.cpuFault ? 'CPU fault' : undefined,
    });
    opened.mm = setup.mm;
    const task = live.taskOf(setup.tid);
    const byMm = setup.mm === undefined ? undefined : live.addressSpaces.get(setup.mm);
    // a worker moves the memory of others
    opened.process = byMm?.owner ?? (task?.kernelThread === false ? task.process : undefined);
  }

  #invalidates(tid: number, mm: Word | undefined): void {
    const open = this.#open.get(`vma ${tid}`);
    if (!open || mm === undefined || open.mm !== undefined) return;
    open.mm = mm;
    open.process = this.#context.live.addressSpaces.get(mm)?.owner ?? open.process;
  }

  #kfd(start: OccurrenceOf<'migration.start'>): void {
    const from = start.from === SYSTEM_NODE ? 'system' : 'device';
    const to = start.to === SYSTEM_NODE ? 'system' : 'device';
    const opened = this.#begin(kfdKey(start), start, {
      source: start.driver,
      start: start.start,
      end: plus(start.start, start.bytes),
      from: from === 'system' ? from : gpuName(start.from),
      to: to === 'system' ? to : gpuName(start.to),
      direction: directionOf(from, to),
      reason: start.trigger === undefined ? undefined : KFD_REASONS[start.trigger],
    });
    opened.process = this.#context.live.processOf(start.pid);
  }

  #begin(
    key: string,
    moment: Moment,
    what: Partial<Omit<OpenMigration, 'id'>> & { readonly source: string },
  ): OpenMigration {
    this.#abandon(key);
    const opened: OpenMigration = {
      id: this.#context.nextId(migrationTable),
      source: what.source,
      tid: moment.tid,
      start: what.start,
      end: what.end,
      from: what.from,
      to: what.to,
      direction: what.direction,
      reason: what.reason,
      begun: markOf(moment),
      mm: undefined,
      process: undefined,
    };
    this.#open.set(key, opened);
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size > MOST_OPEN) this.#abandon(oldest);
    return opened;
  }

  #finish(key: string, moment: Moment, pages: number | undefined, ret: number | undefined): void {
    const over = this.#open.get(key);
    if (!over) return;
    this.#open.delete(key);
    this.#emit(over, markOf(moment), pages, ret);
  }

  /** Its end was not recorded. */
  #abandon(key: string): void {
    const over = this.#open.get(key);
    if (!over) return;
    this.#open.delete(key);
    this.#emit(over, undefined, undefined, undefined);
  }

  #buffer(move: OccurrenceOf<'migration.buffer'>): void {
    if (move.empty) return;
    const mark = markOf(move);
    const task = this.#context.live.taskOf(move.tid);
    this.#context.emit(migrationTable, {
      id: this.#context.nextId(migrationTable),
      source: move.source,
      tid: move.tid,
      process_id: task?.kernelThread === false ? task.process.id : null,
      object: move.object ?? null,
      bytes: move.bytes ?? null,
      from_place: move.from,
      to_place: move.to,
      direction: directionOf(sideOf(move.from), sideOf(move.to)) ?? null,
      ...lived(this.#context, mark, mark),
    });
  }

  #emit(
    over: OpenMigration,
    end: Mark | undefined,
    pages: number | undefined,
    ret: number | undefined,
  ): void {
    const { start, end: last } = over;
    const known = start !== undefined && last !== undefined;
    this.#context.emit(migrationTable, {
      id: over.id,
      source: over.source,
      tid: over.tid,
      process_id: over.process?.id ?? null,
      mm: over.mm ?? null,
      range_start: start ?? null,
      range_end: last ?? null,
      bytes: known ? Number(BigInt(last) - BigInt(start)) : null,
      from_place: over.from ?? null,
      to_place: over.to ?? null,
      direction: over.direction ?? null,
      reason: over.reason ?? null,
      pages: pages ?? null,
      ret: ret === undefined || ret === 0 ? null : ret,
      ...lived(this.#context, over.begun, end),
    });
  }
}

function kfdKey(event: OccurrenceOf<'migration.start' | 'migration.end'>): string {
  return `${event.driver} ${event.pid} ${event.start} ${event.from} ${event.to}`;
}

/** As KFD's own tools print its gpu ids. */
function gpuName(node: number): string {
  return `gpu ${node.toString(16)}`;
}

function directionOf(from: MemorySide | undefined, to: MemorySide | undefined): Direction {
  if (from === undefined || to === undefined || from === to) return undefined;
  return to === 'device' ? 'to device' : 'to system';
}

/** Placements by name: xe_bo.c xe_mem_type_to_name, amdgpu by TTM's numbers. */
function sideOf(place: string): MemorySide | undefined {
  if (/^vram/i.test(place)) return 'device';
  return /^(system|gtt|tt)$/i.test(place) ? 'system' : undefined;
}
