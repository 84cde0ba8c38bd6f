/** Reads a capture as the pass does, but keeps the object rows in memory. */
import { lifetimes } from '../src/analyzers/lifetimes/index.ts';
import type { LifetimeContext, Tracker } from '../src/analyzers/lifetimes/lifetime.ts';
import { createLiveObjects } from '../src/analyzers/lifetimes/live-objects.ts';
import { LossIndex } from '../src/analyzers/loss-index.ts';
import type { Moment, Occurrence, OccurrenceKind } from '../src/kernel/occurrence.ts';
import { createRecogniser, type Recogniser } from '../src/kernel/recognise.ts';
import { openCapture } from '../src/parsers/detect.ts';
import type { Capture, EventType, Fields } from '../src/parsers/parser.ts';
import type { Row, Table } from '../src/store/table.ts';

export interface Objects {
  readonly recogniser: Recogniser;
  /** Relative ns of the last selected event. */
  readonly last: number;
  /** Tables in the order they are declared. */
  readonly tables: ReadonlyMap<Table, readonly Row[]>;
  /** Rows of the table of that name, by id. */
  rows(table: string): readonly Row[];
}

type Handler = (occurrence: Occurrence) => void;

export interface Reading {
  /** Whether an event is seen; all are when absent. `event` is its ordinal. */
  readonly sees?: (event: number, ts: number) => boolean;
}

export function objectsOf(path: string, { sees }: Reading = {}): Objects {
  const capture = openCapture(path);
  const recogniser = createRecogniser(capture.header, (address) => capture.symbol(address));
  const tables = new Map<Table, Row[]>();
  const trackers = lifetimes.map((lifetime) => {
    for (const table of lifetime.tables) tables.set(table, []);
    return lifetime.track(contextOf(capture, tables));
  });
  const handlers = handlersOf(trackers);
  const handle = (first: Occurrence | undefined): void => {
    for (let one = first; one; one = recogniser.next()) {
      for (const handler of handlers.get(one.kind) ?? []) handler(one);
    }
  };
  let last = 0;
  for (const [type, moment, fields] of eventsOf(capture, (one) => recogniser.select(one))) {
    if (sees && !sees(moment.event, moment.ts)) continue;
    last = moment.ts;
    handle(recogniser.recognise(type, fields, moment));
  }
  recogniser.flush();
  handle(recogniser.next());
  for (const tracker of trackers) tracker.finish(last);
  capture.close();
  const rows = (name: string): readonly Row[] => {
    for (const [table, list] of tables) {
      if (table.name === name) return list.toSorted((a, b) => a.id - b.id);
    }
    return [];
  };
  return { recogniser, last, tables, rows };
}

const contexts = new WeakMap<Capture, LifetimeContext>();

/** One context for all lifetimes of a capture. */
function contextOf(capture: Capture, tables: ReadonlyMap<Table, Row[]>): LifetimeContext {
  const known = contexts.get(capture);
  if (known) return known;
  const ids = new Map<Table, number>();
  const losses = new LossIndex(capture.losses);
  const context: LifetimeContext = {
    emit: (table, row) => void tables.get(table)?.push(row),
    nextId: (table) => {
      const id = (ids.get(table) ?? 0) + 1;
      ids.set(table, id);
      return id;
    },
    live: createLiveObjects((tid) => capture.comm(tid)),
    lossBetween: (from, to) => losses.lossBetween(from, to),
    losses: capture.losses,
  };
  contexts.set(capture, context);
  return context;
}

function handlersOf(trackers: readonly Tracker[]): Map<OccurrenceKind, Handler[]> {
  const handlers = new Map<OccurrenceKind, Handler[]>();
  for (const tracker of trackers) {
    for (const [kind, handler] of Object.entries(tracker.on)) {
      const list = handlers.get(kind as OccurrenceKind) ?? [];
      list.push(handler as Handler);
      handlers.set(kind as OccurrenceKind, list);
    }
  }
  return handlers;
}

function* eventsOf(
  capture: Capture,
  select: (type: EventType) => 'rows' | 'count',
): Generator<[EventType, Moment, Fields]> {
  const types = capture.header.eventTypes;
  for (const batch of capture.batches({ select })) {
    for (let i = 0; i < batch.length; i += 1) {
      const moment = {
        event: batch.id[i] ?? 0,
        ts: batch.ts[i] ?? 0,
        cpu: batch.cpu[i] ?? 0,
        tid: batch.tid[i] ?? 0,
      };
      yield [types[batch.type[i] ?? 0] as EventType, moment, batch.fields(i)];
    }
  }
}

/** Column and the table it refers to. */
const REFERENCES: readonly (readonly [table: string, column: string, to: string])[] = [
  ['task', 'process_id', 'process'],
  ['task', 'parent_task_id', 'task'],
  ['address_space', 'process_id', 'process'],
  ['fence', 'owner_process_id', 'process'],
  ['fence', 'enable_process_id', 'process'],
  ['fence', 'destroy_process_id', 'process'],
  ['fence', 'job_id', 'job'],
  ['fence_wait', 'fence_id', 'fence'],
  ['fence_wait', 'process_id', 'process'],
  ['fence_wait', 'invalidation_id', 'invalidation'],
  ['fence_wait', 'syscall_id', 'syscall'],
  ['range_fault', 'process_id', 'process'],
  ['range_fault', 'address_space_id', 'address_space'],
  ['range_fault_attempt', 'range_fault_id', 'range_fault'],
  ['invalidation', 'address_space_id', 'address_space'],
  ['invalidation', 'process_id', 'process'],
  ['invalidation', 'victim_process_id', 'process'],
  ['invalidation', 'longest_wait_id', 'fence_wait'],
  ['invalidation', 'syscall_id', 'syscall'],
  ['invalidation_callback', 'invalidation_id', 'invalidation'],
  ['notifier', 'address_space_id', 'address_space'],
  ['notifier', 'process_id', 'process'],
  ['syscall', 'process_id', 'process'],
  ['device_fault', 'process_id', 'process'],
  ['device_fault', 'address_space_id', 'address_space'],
  ['job', 'fence_id', 'fence'],
  ['job', 'owner_process_id', 'process'],
  ['job', 'depends_fence_id', 'fence'],
  ['job', 'queue_id', 'gpu_queue'],
  ['job_dependency', 'job_id', 'job'],
  ['job_dependency', 'fence_id', 'fence'],
  ['device', 'unplug_process_id', 'process'],
  ['dma_buf', 'device_id', 'device'],
  ['dma_buf', 'owner_process_id', 'process'],
  ['dma_buf_attachment', 'dma_buf_id', 'dma_buf'],
  ['dma_buf_attachment', 'process_id', 'process'],
  ['dma_buf_call', 'dma_buf_id', 'dma_buf'],
  ['dma_buf_call', 'attachment_id', 'dma_buf_attachment'],
  ['dma_buf_call', 'process_id', 'process'],
  ['device_use', 'device_id', 'device'],
  ['device_use', 'process_id', 'process'],
  ['device_event', 'device_id', 'device'],
  ['device_event', 'process_id', 'process'],
  ['pasid', 'process_id', 'process'],
  ['log_record', 'process_id', 'process'],
  ['log_record', 'consequence_of', 'log_record'],
  ['gpu_queue', 'owner_process_id', 'process'],
  ['gpu_vm', 'owner_process_id', 'process'],
  ['gpu_mapping', 'gpu_vm_id', 'gpu_vm'],
  ['gpu_mapping', 'process_id', 'process'],
  ['device_fault', 'pasid_id', 'pasid'],
  ['device_fault', 'gpu_vm_id', 'gpu_vm'],
  ['device_fault', 'gpu_queue_id', 'gpu_queue'],
  ['page_request', 'process_id', 'process'],
  ['migration', 'process_id', 'process'],
  ['tlb_flush', 'process_id', 'process'],
  ['tlb_flush', 'invalidation_id', 'invalidation'],
];

/** What is wrong with the tables as tables: ids given twice, ends before starts, dangling ids. */
export function disorder(objects: Objects): string[] {
  const wrong = [...objects.tables].flatMap(([table, rows]) => disorderWithin(table, rows));
  for (const [table, column, to] of REFERENCES) {
    const known = new Set(objects.rows(to).map((row) => row.id));
    for (const row of objects.rows(table)) {
      const id = row[column];
      if (typeof id === 'number' && !known.has(id)) {
        wrong.push(`${table} ${row.id}: ${column} ${id} is in no ${to}`);
      }
    }
  }
  return wrong;
}

function disorderWithin(table: Table, rows: readonly Row[]): string[] {
  const wrong: string[] = [];
  if (new Set(rows.map((row) => row.id)).size !== rows.length) {
    wrong.push(`${table.name}: ids given twice`);
  }
  const columns = new Set(['id', ...table.columns.map(({ name }) => name)]);
  for (const row of rows) {
    const { start_ts: start, end_ts: end } = row;
    if (typeof start === 'number' && typeof end === 'number' && end < start) {
      wrong.push(`${table.name} ${row.id}: ends before it starts`);
    }
    const undeclared = Object.keys(row).filter((name) => !columns.has(name));
    wrong.push(...undeclared.map((name) => `${table.name}: no column ${name}`));
  }
  return wrong;
}
