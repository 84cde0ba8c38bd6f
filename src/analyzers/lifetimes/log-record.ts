import type { LogClass, LogParts } from '../../kernel/log-lines/log-record.ts';
import type { OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Row, Table } from '../../store/table.ts';
import { address, counter, errno, integer, reference, span, text, yesNo } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import { flag, lived, markOf } from './lived.ts';
import { LogCauses } from './log-causes.ts';

export const logRecordTable: Table = {
  name: 'log_record',
  doc: 'A record of the kernel log about a GPU, an IOMMU or what makes them fail: all its lines together. Equal records that follow each other are one row.',
  label: 'class',
  columns: [
    text('source', 'Who writes it: amdgpu, amdkfd, xe, i915, nouveau, nvidia, vt-d, amd-vi, …'),
    text('class', 'What happened: gpu-page-fault, ring-timeout, gpu-reset, iommu-fault, …'),
    text('device', 'PCI address with its domain, or the name as printed; NULL = not named.'),
    text('owner', 'Driver of the device, where the lines name it.'),
    integer('buffer_id', 'buffer.id it was read from.'),
    integer('boot', 'Records of different boots share nothing.'),
    counter('count', 'How many equal records; no more than 10 s apart, nothing else between.'),
    text('comm', 'Process it names.'),
    integer('pid', 'Its pid; 0 = the driver did not know the process any more.'),
    reference(
      'process_id',
      'process',
      'process.id of that pid at that time, where the capture shows it.',
    ),
    text('thread', 'Thread it names beside the process.'),
    integer('tid', 'Its tid.'),
    integer('pasid', 'PASID; 0 = the kernel’s own address space on amdgpu.'),
    integer('vmid', 'VMID.'),
    integer('asid', 'ASID of xe: an address space, by a number of the driver’s own.'),
    integer('queue', 'guc_id of xe, channel of nouveau and NVIDIA, queue of amdkfd.'),
    address('address', 'Faulting address, in bytes whatever the line prints.'),
    text(
      'access',
      "'read', 'write', 'execute' or 'atomic'; NULL = the record does not say reliably.",
    ),
    yesNo('retry', '1 = a fault the device tries again, 0 = one it does not.'),
    address('status', 'Status register or flags, as printed.'),
    integer('reason', 'Number the hardware gives: VT-d and nouveau reason, xe FaultType, Xid.'),
    text('meaning', 'The reason, or what was attempted, in words.'),
    text('engine', 'Ring, engine, hub, or IOMMU unit.'),
    text('client', 'Part of the device that asked.'),
    integer('seqno', 'Of the job or fence; of a ring timeout the last one signalled.'),
    integer('emitted', 'Of a ring timeout: the last seqno emitted.'),
    errno('errno', 'Negative errno.'),
    text('fence', 'Fence as printed, driver:timeline:seqno.'),
    text('function', 'Kernel function it names.'),
    integer('running', 'Highest running number it prints (resets since boot, times hogged).'),
    integer('seconds', 'How long, where the line says so.'),
    counter(
      'hidden_at_least',
      'Messages of `function` left out by rate limiting, whatever device.',
    ),
    yesNo('body_missing', '1 = only its first line is in the log: a filter kept lines.'),
    text('places', 'Locks, or frames of the stack that matter, innermost first.'),
    text('hint', 'What to know before believing the values.'),
    reference(
      'consequence_of',
      'log_record',
      'log_record.id of the reset or kill of the same device that it follows.',
    ),
    text('text', 'First line.'),
    text('events', 'JSON list: the events of all lines of the first of the equal records.'),
    ...span('first line', 'last line of the last equal record'),
  ],
  indexes: [['class', 'device']],
};

/** Records of the kernel log; what follows from a reset or kill is marked as such. */
export const logRecord: Lifetime = {
  kind: 'log-record',
  tables: [logRecordTable],
  track: (context) => new LogRecordTracker(context),
};

/** Equal records further apart are told apart. */
const SAME_BURST_NS = 10e9;
/** Kinds of records that may still grow; a log that names thousands of devices is not believed. */
const OPEN_MOST = 256;

type LogOccurrence = OccurrenceOf<'log.record'>;

interface Burst {
  readonly id: number;
  readonly first: LogOccurrence;
  readonly values: string;
  readonly processId: number | undefined;
  readonly consequenceOf: number | undefined;
  last: LogOccurrence;
  count: number;
  running: number | undefined;
}

class LogRecordTracker implements Tracker {
  readonly on: OccurrenceHandlers = { 'log.record': (record) => this.#record(record) };
  readonly #context: LifetimeContext;
  readonly #causes = new LogCauses();
  /** By boot, class and device: the record that equal ones would repeat. */
  readonly #bursts = new Map<string, Burst>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const burst of this.#bursts.values()) this.#emit(burst);
    this.#bursts.clear();
  }

  #record(record: LogOccurrence): void {
    const key = `${record.boot} ${record.class} ${record.device} ${record.source}`;
    const values = valuesOf(record);
    const consequenceOf = this.#causes.of(record);
    const before = this.#bursts.get(key);
    if (before && repeats(before, record, values, consequenceOf)) {
      before.last = record;
      before.count += 1;
      before.running = highest(before.running, record.running);
      return;
    }
    if (before) this.#emit(before);
    else if (this.#bursts.size >= OPEN_MOST) this.finish();
    const id = this.#context.nextId(logRecordTable);
    this.#causes.add(record, id);
    this.#bursts.set(key, {
      id,
      first: record,
      last: record,
      values,
      count: 1,
      running: record.running,
      processId: this.#process(record.pid),
      consequenceOf,
    });
  }

  /** A pid nobody else spoke of makes no process. */
  #process(pid: number | undefined): number | undefined {
    return pid === undefined ? undefined : this.#context.live.tasks.get(pid)?.process.id;
  }

  #emit({ id, first, last, count, running, processId, consequenceOf }: Burst): void {
    this.#context.emit(logRecordTable, {
      id,
      ...columnsOf(first),
      source: first.source,
      class: first.class,
      owner: first.owner ?? null,
      buffer_id: first.buffer,
      boot: first.boot,
      count,
      process_id: processId ?? null,
      running: running ?? null,
      body_missing: flag(first.bodyMissing),
      consequence_of: consequenceOf ?? null,
      text: first.text,
      events: JSON.stringify(first.events),
      ...lived(this.#context, markOf(first), {
        ts: last.lastTs,
        event: last.events.at(-1) ?? last.event,
      }),
    });
  }
}

function columnsOf(parts: LogParts): Omit<Row, 'id'> {
  return {
    device: parts.device,
    comm: parts.comm,
    pid: parts.pid,
    thread: parts.thread,
    tid: parts.threadId,
    pasid: parts.pasid,
    vmid: parts.vmid,
    asid: parts.asid,
    queue: parts.queue,
    address: parts.address,
    access: parts.access,
    retry: flag(parts.retry),
    status: parts.status,
    reason: parts.reason,
    meaning: parts.meaning,
    engine: parts.engine,
    client: parts.client,
    seqno: parts.seqno,
    emitted: parts.emitted,
    errno: parts.errno,
    fence: parts.fence,
    function: parts.function,
    seconds: parts.seconds,
    hidden_at_least: parts.hiddenAtLeast,
    places: parts.places?.join(', '),
    hint: parts.hint,
  };
}

/** Counts that differ from one record to the next would hide that all else is equal. */
function valuesOf(record: LogOccurrence): string {
  const wording = record.text.replaceAll(/\d+/g, 'N');
  return JSON.stringify({ wording, columns: columnsOf(record) }, (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

/** What opens a chain of consequences stands alone: what follows refers to it. */
const NEVER_REPEATED: ReadonlySet<LogClass> = new Set(['gpu-reset', 'suppressed']);

function repeats(
  before: Burst,
  record: LogOccurrence,
  values: string,
  consequenceOf: number | undefined,
): boolean {
  return (
    before.values === values &&
    before.consequenceOf === consequenceOf &&
    record.ts - before.last.lastTs <= SAME_BURST_NS &&
    !NEVER_REPEATED.has(record.class)
  );
}

function highest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}
