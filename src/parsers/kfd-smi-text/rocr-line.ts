import type { FieldValue } from '../parser.ts';
import { type Shape, type SmiPayload, shapesNamed } from './smi-shapes.ts';

/**
 * The log of ROCm's runtime (HSA_SVM_PROFILE=file; runtime/hsa-runtime/core/runtime/svm_profiler.cpp):
 * the SMI events of the process itself, without its pid, addresses in bytes, GPUs by their number.
 * ```
 * ROCr HMM event: 61000000110000 MIGRATE_START PAGEFAULT_GPU CPU->GPU0(0x55d0c8a1e2f0) [0x7fa608000000, 0x7fa6081fffff]
 *                 time           event         trigger       from  to                  first           last byte
 * ```
 */
const EVENT = /^ROCr HMM event: (\d{1,20}) ([A-Z_]+) (.+)$/;
const AGENT = '(CPU|GPU\\d{1,4}\\([^)]*\\))';
const RANGE = '\\[(0x[0-9a-f]{1,16}|\\(nil\\)), (0x[0-9a-f]{1,16})\\]';
const MOVE = new RegExp(`^(?<trigger>[A-Z_]+) ${AGENT}->${AGENT} ${RANGE}$`);
const FAULT = new RegExp(`^(\\w+) ${AGENT} (\\d{1,20})$`);
const QUEUE = new RegExp(`^(?:([A-Z_]+) )?${AGENT}$`);
const UNMAP = new RegExp(`^([A-Z_]+) ${AGENT} ${RANGE}$`);
const PAGE_BYTES = 4096n;
const NO_PROCESS = -1;

type Values = Readonly<Record<string, FieldValue | undefined>>;

/** By the event's name: its fields, or undefined where the text is of another form. */
const READERS: Readonly<
  Record<string, (text: string, triggers: readonly string[]) => Values | undefined>
> = {
  migrate_start: moved,
  migrate_end: moved,
  page_fault_start: (text) => faulted(text, 'rw', { Write: 'W', Read: 'R' }),
  page_fault_end: (text) => faulted(text, 'migrate_update', { Migration: 'M', Map: 'U' }),
  queue_eviction: (text, triggers) => {
    const [, trigger, agent] = QUEUE.exec(text) ?? [];
    return agent ? { trigger: numberOf(trigger, triggers), node: nodeOf(agent) } : undefined;
  },
  queue_restore_either: (text) => {
    const agent = QUEUE.exec(text)?.[2];
    return agent ? { node: nodeOf(agent) } : undefined;
  },
  unmap_from_gpu: (text, triggers) => {
    const [, trigger, agent, first, last] = UNMAP.exec(text) ?? [];
    if (!agent || !first || !last) return undefined;
    const { start: addr, size } = pages(first, last);
    return { addr, size, node: nodeOf(agent), trigger: numberOf(trigger, triggers) };
  },
};

export interface RocrLine {
  readonly shape: Shape;
  readonly payload: SmiPayload;
}

/** undefined when it is no line of that log. */
export function readRocrLine(text: string): RocrLine | undefined {
  const [, ns, name = '', rest = ''] = EVENT.exec(text) ?? [];
  // the `R` of queues that are tried again is not logged
  const [shape] = shapesNamed(name === 'QUEUE_RESTORE' ? 'QUEUE_RESTORE_EITHER' : name);
  if (ns === undefined || !shape) return undefined;
  const values = READERS[shape.name]?.(rest, shape.triggers);
  if (!values) return undefined;
  const known = Object.entries(values).filter(
    (entry): entry is [string, FieldValue] => entry[1] !== undefined,
  );
  return {
    shape,
    payload: {
      ns: BigInt(ns),
      pid: NO_PROCESS,
      comm: undefined,
      fields: Object.fromEntries(known),
    },
  };
}

function moved(text: string, triggers: readonly string[]): Values | undefined {
  const [, trigger, from, to, first, last] = MOVE.exec(text) ?? [];
  if (!from || !to || !first || !last) return undefined;
  return {
    ...pages(first, last),
    from: nodeOf(from),
    to: nodeOf(to),
    trigger: numberOf(trigger, triggers),
  };
}

function faulted(
  text: string,
  field: string,
  letters: Readonly<Record<string, string>>,
): Values | undefined {
  const [, how = '', agent, address] = FAULT.exec(text) ?? [];
  const letter = Object.hasOwn(letters, how) ? letters[how] : undefined;
  if (!agent || !address || !letter) return undefined;
  return { addr: Number(BigInt(address) / PAGE_BYTES), node: nodeOf(agent), [field]: letter };
}

/** 0 is system memory; the gpu ids are not shown, so GPUs have their number, from 1. */
function nodeOf(agent: string): number {
  return agent === 'CPU' ? 0 : Number(/\d+/.exec(agent)?.[0] ?? 0) + 1;
}

function numberOf(name: string | undefined, triggers: readonly string[]): number | undefined {
  const number = triggers.indexOf(name ?? '');
  return number < 0 ? undefined : number;
}

function pages(first: string, last: string): { start: number; size: number } {
  const start = first.startsWith('0x') ? BigInt(first) : 0n;
  const bytes = BigInt.asUintN(64, BigInt(last) + 1n - start);
  return { start: Number(start / PAGE_BYTES), size: Number(bytes / PAGE_BYTES) };
}
