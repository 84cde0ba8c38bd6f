import type { ProblemLog } from '../problem-log.ts';
import { ByteReader, EndOfBytes, MemorySource } from './byte-reader.ts';
import { readTimeShift, readTsc2nsec, type TimeShift, type Tsc2nsec } from './time-options.ts';

/** Where the events of one CPU lie in the file. */
export interface CpuExtent {
  readonly cpu: number;
  readonly offset: number;
  readonly size: number;
}

/** A BUFFER option: one ring buffer of the capture. */
export interface BufferOption {
  /** Empty for the top buffer. */
  readonly name: string;
  readonly offset: number;
  /** Only version 7 says the rest. */
  readonly clock: string | undefined;
  readonly pageSize: number | undefined;
  readonly cpus: readonly CpuExtent[];
  /** Latency tracers leave text instead of events. */
  readonly text: boolean;
  /** Version 6: a CPUCOUNT option right behind it says how many CPUs the instance has. */
  cpuCount: number | undefined;
}

export interface Guest {
  readonly name: string;
  readonly traceId: bigint;
  readonly cpus: number;
}

/** Everything the options of a trace.dat say. */
export interface TraceOptions {
  /** ns to add to every time stamp (DATE and OFFSET). */
  offset: bigint;
  /** True when a DATE option makes wall-clock times of the stamps. */
  dated: boolean;
  /** True when the TRACECLOCK option is there; version 6 keeps its text behind the CPU table. */
  clockRecorded: boolean;
  clock: string | undefined;
  cpuCount: number | undefined;
  uname: string | undefined;
  recorder: string | undefined;
  traceId: bigint | undefined;
  tsc2nsec: Tsc2nsec | undefined;
  timeShift: TimeShift | undefined;
  readonly buffers: BufferOption[];
  readonly guests: Guest[];
  readonly hooks: string[];
  /** tracefs per_cpu/cpuN/stats texts, in file order. */
  readonly cpuStats: string[];
  procmaps: string | undefined;
  /** Lines `pid tgid` of Valve's trace-cmd, which used CPUCOUNT's number for them. */
  tgids: string | undefined;
  /** File offset of the metadata sections by section id. */
  readonly sections: Map<number, number>;
}

export function emptyOptions(): TraceOptions {
  return {
    offset: 0n,
    dated: false,
    clockRecorded: false,
    clock: undefined,
    cpuCount: undefined,
    uname: undefined,
    recorder: undefined,
    traceId: undefined,
    tsc2nsec: undefined,
    timeShift: undefined,
    buffers: [],
    guests: [],
    hooks: [],
    cpuStats: [],
    procmaps: undefined,
    tgids: undefined,
    sections: new Map(),
  };
}

export const DONE = 0;
/** The largest CONFIG_NR_CPUS of any architecture. */
export const MOST_CPUS: number = 8192;

interface OptionContext {
  readonly options: TraceOptions;
  readonly problems: ProblemLog;
  readonly version: number;
}

type ReadOption = (reader: ByteReader, context: OptionContext, id: number) => void;

/** By option number: trace-cmd.dat.v7(5) OPTIONS SECTION; 23 to 25 from trace-cmd's trace-cmd-private.h. */
const READERS: Readonly<Record<number, ReadOption>> = {
  1: (reader, { options }) => {
    options.offset += integerText(wholeText(reader)) * 1000n;
    options.dated = true;
  },
  2: (reader, { options }) => {
    options.cpuStats.push(wholeText(reader));
  },
  3: readBuffer,
  4: (reader, { options }) => {
    options.clockRecorded = true;
    options.clock = currentClock(wholeText(reader)) ?? options.clock;
  },
  5: (reader, { options }) => {
    options.uname = wholeText(reader).trim();
  },
  6: (reader, { options }) => {
    options.hooks.push(wholeText(reader));
  },
  7: (reader, { options }) => {
    options.offset += integerText(wholeText(reader));
  },
  8: readCpuCount,
  9: (reader, { options }) => {
    options.recorder = wholeText(reader).trim();
  },
  10: (reader, { options }) => {
    options.procmaps = wholeText(reader);
  },
  11: (reader, { options }) => {
    options.traceId = reader.u64();
  },
  12: (reader, { options }) => {
    options.timeShift = readTimeShift(reader);
  },
  13: readGuest,
  14: (reader, { options }) => {
    options.tsc2nsec = readTsc2nsec(reader);
  },
  16: readSectionOffset,
  17: readSectionOffset,
  18: readSectionOffset,
  19: readSectionOffset,
  20: readSectionOffset,
  21: readSectionOffset,
  22: readBuffer,
  23: readSectionOffset,
  24: () => {},
  25: readSectionOffset,
};

/** Reads the payload of one option into `context.options`; a damaged one becomes a problem. */
export function readOption(
  id: number,
  payload: Uint8Array,
  littleEndian: boolean,
  context: OptionContext,
): void {
  const read = Object.hasOwn(READERS, id) ? READERS[id] : undefined;
  if (!read) {
    context.problems.add('unknown-option', 'info', `option ${id} is not known and was skipped`);
    return;
  }
  try {
    read(new ByteReader(new MemorySource(payload), littleEndian), context, id);
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    context.problems.add(
      'malformed-option',
      'data-loss',
      `option ${id} (${payload.length} bytes) is damaged: ${error.message}`,
    );
  }
}

function readBuffer(reader: ByteReader, { options, version }: OptionContext, id: number): void {
  const offset = reader.size64();
  const name = reader.name();
  const text = id === 22;
  const clock = version >= 7 ? reader.name() || undefined : undefined;
  const cpus: CpuExtent[] = [];
  let pageSize: number | undefined;
  const buffer = { name, offset, clock, text, cpus, cpuCount: undefined };
  try {
    if (version >= 7 && !text) {
      pageSize = reader.u32();
      const count = reader.u32();
      if (count > MOST_CPUS) throw new EndOfBytes(`${count} CPUs`);
      for (let i = 0; i < count; i++) {
        cpus.push({ cpu: reader.u32(), offset: reader.size64(), size: reader.size64() });
      }
    }
  } finally {
    // A list that is cut still tells of the CPUs before the cut.
    options.buffers.push({ ...buffer, pageSize });
  }
}

/**
 * Valve's trace-cmd, whose files are still around, wrote its `pid tgid` lines under the number that
 * upstream later gave to CPUCOUNT; only 4 bytes with a sane number are a count.
 */
function readCpuCount(reader: ByteReader, { options, version }: OptionContext): void {
  if (reader.source.size !== 4) {
    options.tgids = wholeText(reader);
    return;
  }
  const count = reader.u32();
  if (count === 0 || count > MOST_CPUS) throw new EndOfBytes(`${count} CPUs`);
  const instance = version < 7 ? options.buffers.at(-1) : undefined;
  if (instance) instance.cpuCount = count;
  else options.cpuCount = count;
}

function readGuest(reader: ByteReader, { options }: OptionContext): void {
  const name = reader.name();
  options.guests.push({ name, traceId: reader.u64(), cpus: reader.u32() });
}

function readSectionOffset(reader: ByteReader, { options }: OptionContext, id: number): void {
  options.sections.set(id, reader.size64());
}

function wholeText(reader: ByteReader): string {
  const text = reader.text(reader.remaining);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** The clock in use stands in brackets: `local [mono] x86-tsc`. */
export function currentClock(text: string): string | undefined {
  return /\[([^\]\s]+)\]/.exec(text)?.[1];
}

/** As C's strtoll with base 0: decimal or `0x…`, a sign, anything after the digits ignored. */
function integerText(text: string): bigint {
  const [, sign, digits] = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|\d+)/.exec(text) ?? [];
  if (digits === undefined) throw new EndOfBytes(`"${text.slice(0, 40)}" is no number`);
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}
