import type { Field, Fields } from '../parser.ts';
import { compilePattern, type Pattern } from '../text/pattern.ts';
import { MIGRATE_TRIGGERS, QUEUE_EVICTION_TRIGGERS, UNMAP_TRIGGERS } from './triggers.ts';

/**
 * What follows the number of an SMI event: KFD_EVENT_FMT_* of include/uapi/linux/kfd_ioctl.h with the
 * fields in place of the conversions, as in text/print-patterns.ts. Addresses and sizes are pages,
 * nodes are gpu ids and 0 for system memory.
 */
const TIMED = '{ns:d} -{pid:d}';
const RANGE = '@{start:x}({size:x}) {from:x}->{to:x}';
const FAULT = '@{addr:x}({node:x})';
const RESET = ['{reset_seq_num:x}', '{reset_seq_num:x} {reset_cause}'];
const PROCESS = '{pid:x} {task_name}';
/** ROCm's kernel module; upstream drops without a word. */
const DROPPED = `${TIMED} {drop_count:d}`;

/** Of what stands in no line of the driver. */
const NO_NUMBER = -1;

interface Declared {
  readonly number: number;
  readonly name: string;
  readonly formats: readonly string[];
  /** What the values of `trigger` are called. */
  readonly triggers?: readonly string[];
}

/** enum kfd_smi_event; a number may have had two meanings: the first that fits a line holds. */
const DECLARED: readonly Declared[] = [
  { number: 1, name: 'vmfault', formats: ['{pid:x}:{task_name}'] },
  { number: 2, name: 'thermal_throttle', formats: ['{bitmask:x}:{counter:x}'] },
  { number: 3, name: 'gpu_pre_reset', formats: RESET },
  { number: 4, name: 'gpu_post_reset', formats: RESET },
  {
    number: 5,
    name: 'migrate_start',
    formats: [`${TIMED} ${RANGE} {prefetch_loc:x}:{preferred_loc:x} {trigger:d}`],
    triggers: MIGRATE_TRIGGERS,
  },
  {
    number: 6,
    name: 'migrate_end',
    // the error code came in 6.13
    formats: [`${TIMED} ${RANGE} {trigger:d}`, `${TIMED} ${RANGE} {trigger:d} {error_code:d}`],
    triggers: MIGRATE_TRIGGERS,
  },
  { number: 7, name: 'page_fault_start', formats: [`${TIMED} ${FAULT} {rw}`] },
  { number: 8, name: 'page_fault_end', formats: [`${TIMED} ${FAULT} {migrate_update}`] },
  {
    number: 9,
    name: 'queue_eviction',
    formats: [`${TIMED} {node:x} {trigger:d}`],
    triggers: QUEUE_EVICTION_TRIGGERS,
  },
  {
    number: 10,
    name: 'queue_restore',
    // nothing, `0` or a NUL where the queues run again; `R` where that is tried again later
    formats: [`${TIMED} {node:x}`, `${TIMED} {node:x} {rescheduled}`],
  },
  {
    number: 11,
    name: 'unmap_from_gpu',
    formats: [`${TIMED} @{addr:x}({size:x}) {node:x} {trigger:d}`],
    triggers: UNMAP_TRIGGERS,
  },
  // one kernel had 12 for it
  { number: 12, name: 'dropped_event', formats: [DROPPED] },
  { number: 12, name: 'process_start', formats: [PROCESS] },
  { number: 13, name: 'process_end', formats: [PROCESS] },
  { number: 14, name: 'dropped_event', formats: [DROPPED] },
  // proposed for upstream with the number that ROCm uses for the one before
  {
    number: 14,
    name: 'queue_restore_rescheduled',
    formats: [`${TIMED} {node:x}`, `${TIMED} {node:x} {rescheduled}`],
  },
  // what the log of ROCm's runtime leaves of both
  { number: NO_NUMBER, name: 'queue_restore_either', formats: ['{node:x}'] },
];

/** Of every event: whose time it is, and what rocm-smi adds. */
const OWN_TIME = 'own_time';
const COMMON: readonly Field[] = [
  integerField(OWN_TIME, 'flag own_time: 0 = the time of the event beside it'),
  integerField('gpu', 'number gpu: device as rocm-smi counts them'),
];

function integerField(name: string, declaration: string): Field {
  return { name, declaration, kind: 'integer', signed: false, size: 8 };
}

/** One kind of SMI event. */
export interface Shape {
  readonly name: string;
  readonly triggers: readonly string[];
  readonly fields: readonly Field[];
  read(text: string): SmiPayload | undefined;
}

export interface SmiPayload {
  readonly ns: bigint | undefined;
  /** -1 where the event is about no process. */
  readonly pid: number;
  readonly comm: string | undefined;
  readonly fields: Fields;
}

const PLACE: ReadonlySet<string> = new Set(['ns', 'pid']);
const MOST_PID = 0x7fff_ffff;
const MOST_64_BITS = 2n ** 64n;

export const SHAPES: ReadonlyMap<number, readonly Shape[]> = shapesByNumber();

function shapesByNumber(): Map<number, Shape[]> {
  const shapes = new Map<number, Shape[]>();
  const byName = new Map<string, Shape>();
  for (const declared of DECLARED) {
    const shape = byName.get(declared.name) ?? shapeOf(declared);
    byName.set(declared.name, shape);
    const list = shapes.get(declared.number) ?? [];
    list.push(shape);
    shapes.set(declared.number, list);
  }
  return shapes;
}

function shapeOf({ name, formats, triggers = [] }: Declared): Shape {
  const pattern = compilePattern(formats);
  return {
    name,
    triggers,
    fields: [...pattern.fields.filter((field) => !PLACE.has(field.name)), ...COMMON],
    read: (text) => readPayload(pattern, text),
  };
}

function readPayload(pattern: Pattern, text: string): SmiPayload | undefined {
  const values = pattern.read(text);
  if (!values) return undefined;
  const { ns, pid, ...fields } = values;
  const process = typeof pid === 'number' ? pid : -1;
  if (process > MOST_PID || (pid !== undefined && process < 0)) return undefined;
  for (const value of [ns, ...Object.values(fields)]) {
    if (typeof value === 'bigint' && (value < 0n || value >= MOST_64_BITS)) return undefined;
  }
  if (typeof ns === 'number' && ns < 0) return undefined;
  const { task_name: comm } = fields;
  return {
    ns: typeof ns === 'number' || typeof ns === 'bigint' ? BigInt(ns) : undefined,
    pid: process,
    comm: typeof comm === 'string' ? comm : undefined,
    fields,
  };
}

/** What rocm-smi calls the events: the kernel's names, and two of its own. */
const ROCM_SMI_NAMES: Readonly<Record<string, string>> = {
  vm_fault: 'vmfault',
  gpu_reset: 'gpu_pre_reset',
};

/** The shape of an event by the name rocm-smi gives it. */
export function shapesNamed(name: string): readonly Shape[] {
  const plain = name.toLowerCase().replace(/^event_/, '');
  const own = ROCM_SMI_NAMES[plain] ?? plain;
  return [...SHAPES.values()]
    .flat()
    .filter(({ name: known }) => known === own)
    .slice(0, 1);
}
