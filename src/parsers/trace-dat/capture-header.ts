import type { CaptureHeader, Clock, EventType } from '../parser.ts';
import type { ProblemLog } from '../problem-log.ts';
import type { BufferLayout, TraceFile } from './file-layout.ts';
import type { PageLayout } from './page-layout.ts';
import { UNNAMED_CLOCK, unitOfClock } from './time-conversion.ts';

export interface HeaderInput {
  readonly trace: TraceFile;
  /** In the order the events name them. */
  readonly buffers: readonly BufferLayout[];
  readonly page: PageLayout;
  readonly eventTypes: readonly EventType[];
  /** Time of the first event, converted. */
  readonly base: bigint;
  readonly sizeBytes: number;
  readonly problems: ProblemLog;
}

/** Says in the parser's common terms what a trace.dat's header says. */
export function captureHeader(input: HeaderInput): CaptureHeader {
  const { trace, buffers, eventTypes, sizeBytes } = input;
  const { options } = trace;
  return {
    format: 'trace.dat',
    version: String(trace.version),
    endian: trace.littleEndian ? 'little' : 'big',
    clock: clockOf(input),
    cpus: trace.cpuCount,
    buffers: buffers.map((buffer) => ({
      name: buffer.name,
      clock: clockName(buffer, trace),
      cpus: cpusWithData(buffer),
    })),
    eventTypes,
    ...(options.uname === undefined ? {} : { uname: options.uname }),
    sizeBytes,
    facts: factsOf(input),
  };
}

function clockName(buffer: BufferLayout | undefined, { options }: TraceFile): string {
  return buffer?.clock ?? options.clock ?? UNNAMED_CLOCK;
}

function cpusWithData({ cpus }: BufferLayout): number[] {
  return cpus.filter(({ size }) => size > 0).map(({ cpu }) => cpu);
}

/** Buffers may have clocks of their own; the first with events names the capture's. */
function clockOf({ trace, buffers, base, problems }: HeaderInput): Clock {
  const { offset, dated, tsc2nsec, timeShift } = trace.options;
  const filled = buffers.filter((buffer) => cpusWithData(buffer).length > 0);
  const names = new Set(filled.map((buffer) => clockName(buffer, trace)));
  if (names.size > 1) {
    problems.add(
      'mixed-clocks',
      'data-loss',
      `the buffers were recorded with different clocks (${[...names].join(', ')}): times of one cannot be compared with times of another`,
    );
  }
  const name = clockName(filled[0] ?? buffers[0], trace);
  const converted = tsc2nsec ? 'tsc2nsec' : timeShift ? 'time-shift' : undefined;
  return {
    name,
    unit: tsc2nsec ? 'ns' : unitOfClock(name),
    base: base + offset,
    ...(converted === undefined ? {} : { converted }),
    ...(dated ? { wall: { clock: 0n, wall: 0n } } : {}),
  };
}

function factsOf({ trace, page }: HeaderInput): Record<string, string> {
  const { options } = trace;
  const facts: [string, string | undefined][] = [
    ['compression', trace.compression],
    ['page size', `${trace.pageSize} bytes`],
    ['kernel long', `${page.longSize} bytes`],
    ['recorded by', options.recorder && `trace-cmd ${options.recorder}`],
    ['trace id', options.traceId === undefined ? undefined : `0x${options.traceId.toString(16)}`],
    ['host trace id', options.timeShift && `0x${options.timeShift.peer.toString(16)}`],
    ['time offset', options.offset === 0n ? undefined : `${options.offset} ns`],
    ['guests', options.guests.map(({ name, cpus }) => `${name} (${cpus} CPUs)`).join(', ')],
    ['event hooks', options.hooks.join(', ')],
    [
      'memory maps',
      options.procmaps && `of ${options.procmaps.split(/\n(?=\S)/).length} processes`,
    ],
  ];
  return Object.fromEntries(
    facts.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== ''),
  );
}
