/** A capture as another machine might have recorded it: other names, numbers, pids and probe names. */
import type {
  Capture,
  EventBatch,
  EventType,
  Fields,
  FieldValue,
  ReadOptions,
} from '../src/parsers/parser.ts';

export interface Disguise {
  /** Another name for a task, driver, timeline or ring. */
  readonly name?: (name: string) => string;
  readonly pid?: (pid: number) => number;
  readonly cpu?: (cpu: number) => number;
  /** Added to contexts of fences, modulo 2^32. */
  readonly context?: number;
  /** Added to sequence numbers of fences; those of 64 bits are carried over. */
  readonly seqno?: number;
  /** Another name for a probe event. */
  readonly probe?: (name: string) => string;
  /** Another name for a field of a probe event. */
  readonly argument?: (name: string, type: EventType) => string;
  /** Event types that were not recorded. */
  readonly without?: (type: EventType) => boolean;
  /** Without the symbol table. */
  readonly noSymbols?: boolean;
  /** Without the names of threads that the recorder saved. */
  readonly noComms?: boolean;
}

const NAMES: readonly string[] = [
  'comm',
  'parent_comm',
  'child_comm',
  'newcomm',
  'oldcomm',
  'prev_comm',
  'next_comm',
  'driver',
  'timeline',
  'name',
  'ring',
];
const PIDS: readonly string[] = [
  'pid',
  'parent_pid',
  'child_pid',
  'old_pid',
  'prev_pid',
  'next_pid',
];
const CONTEXTS: readonly string[] = ['context', 'fence_context', 'ctx'];
const SEQNOS: readonly string[] = ['seqno', 'fence_seqno'];
const FENCE_SYSTEMS: readonly string[] = ['dma_fence', 'gpu_scheduler', 'i915', ''];
const WIDTH = 2 ** 32;

export function isProbe(type: EventType): boolean {
  return type.fields.some(({ name }) => name.startsWith('__probe'));
}

/** Fields of probes on fences: struct dma_fence has 64 bits for both. */
function isFenceProbe(type: EventType): boolean {
  return isProbe(type) && type.fields.some(({ name }) => name === 'context' || name === 'ctx');
}

export function disguisedCapture(capture: Capture, disguise: Disguise): Capture {
  const { header } = capture;
  const eventTypes = header.eventTypes.map((type) => disguisedType(type, disguise));
  const back = new Map<number, number>();
  const pid = (old: number): number => {
    const made = disguise.pid?.(old) ?? old;
    back.set(made, old);
    return made;
  };
  const name = disguise.name ?? ((old: string) => old);
  return {
    header: { ...header, eventTypes },
    counts: capture.counts,
    losses: capture.losses.map((loss) => ({ ...loss, cpu: disguise.cpu?.(loss.cpu) ?? loss.cpu })),
    problems: capture.problems,
    comm: (tid) => {
      if (disguise.noComms) return undefined;
      const saved = capture.comm(back.get(tid) ?? tid);
      return saved === undefined ? undefined : name(saved);
    },
    symbol: (address) => (disguise.noSymbols ? undefined : capture.symbol(address)),
    print: () => '',
    close: () => capture.close(),
    ...(capture.tgid === undefined
      ? {}
      : {
          tgid: (tid: number) => {
            const saved = capture.tgid?.(back.get(tid) ?? tid);
            return saved === undefined ? undefined : pid(saved);
          },
        }),
    *batches(options: ReadOptions = {}) {
      const select = (type: EventType): 'rows' | 'count' => {
        if (disguise.without?.(type)) return 'count';
        return options.select?.(eventTypes[type.index] as EventType) ?? 'rows';
      };
      for (const batch of capture.batches({ ...options, select })) {
        yield disguisedBatch(batch, header.eventTypes, disguise, pid);
      }
    },
  };
}

function disguisedType(type: EventType, disguise: Disguise): EventType {
  if (disguise.without?.(type)) {
    return { ...type, system: 'left_out', name: `type_${type.index}`, fields: [] };
  }
  if (!isProbe(type)) return type;
  const probe = disguise.probe?.(type.name) ?? type.name;
  const fields = type.fields.map((field) => ({
    ...field,
    name: argumentName(field.name, type, disguise),
  }));
  return { ...type, system: disguise.probe ? 'k' : type.system, name: probe, fields };
}

function argumentName(name: string, type: EventType, disguise: Disguise): string {
  return name.startsWith('__probe') ? name : (disguise.argument?.(name, type) ?? name);
}

function disguisedBatch(
  batch: EventBatch,
  types: readonly EventType[],
  disguise: Disguise,
  pid: (old: number) => number,
): EventBatch {
  return {
    length: batch.length,
    id: batch.id,
    ts: batch.ts,
    cpu: batch.cpu.map((cpu) => disguise.cpu?.(cpu) ?? cpu),
    tid: batch.tid.map(pid),
    type: batch.type,
    buffer: batch.buffer,
    fields: (i) => {
      const type = types[batch.type[i] ?? 0] as EventType;
      return disguisedFields(batch.fields(i), type, disguise, pid);
    },
    flags: (i) => batch.flags(i),
  };
}

function disguisedFields(
  fields: Fields,
  type: EventType,
  disguise: Disguise,
  pid: (old: number) => number,
): Fields {
  const probe = isProbe(type);
  const changed = Object.entries(fields).map(([name, value]): [string, FieldValue] => [
    probe ? argumentName(name, type, disguise) : name,
    disguisedValue(name, value, type, disguise, pid),
  ]);
  return Object.fromEntries(changed);
}

function disguisedValue(
  name: string,
  value: FieldValue,
  type: EventType,
  disguise: Disguise,
  pid: (old: number) => number,
): FieldValue {
  if (typeof value === 'string')
    return NAMES.includes(name) ? (disguise.name?.(value) ?? value) : value;
  if (typeof value !== 'number' && typeof value !== 'bigint') return value;
  if (PIDS.includes(name) && !isProbe(type)) return pid(Number(value));
  if (isFenceProbe(type)) return shiftedWide(name, value, disguise);
  if (!FENCE_SYSTEMS.includes(type.system)) return value;
  if (CONTEXTS.includes(name)) return (Number(value) + (disguise.context ?? 0)) % WIDTH;
  if (!SEQNOS.includes(name)) return value;
  const seqno = Number(value) + (disguise.seqno ?? 0);
  return type.system === 'gpu_scheduler' ? seqno : seqno % WIDTH;
}

function shiftedWide(name: string, value: number | bigint, disguise: Disguise): FieldValue {
  if (CONTEXTS.includes(name)) return Number(value) + (disguise.context ?? 0);
  if (SEQNOS.includes(name) || name === 'seq') return Number(value) + (disguise.seqno ?? 0);
  return value;
}
