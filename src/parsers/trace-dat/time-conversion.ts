import type { TraceOptions } from './options.ts';
import type { TimeShift, TimeShiftSample, Tsc2nsec } from './time-options.ts';

/** An absolute time stamp as recorded → as it is to be shown. */
export type ConvertTime = (raw: bigint, cpu: number) => bigint;

/** The clocks of kernel/trace/trace.c (trace_clocks) that count nanoseconds, and trace-cmd's own. */
const NANOSECOND_CLOCKS: ReadonlySet<string> = new Set([
  'local',
  'global',
  'perf',
  'mono',
  'mono_raw',
  'boot',
  'tai',
  'tsc2nsec',
]);

/** Name of the clock of a capture that names none. */
export const UNNAMED_CLOCK = 'unknown';

/** A capture that names no clock has the kernel's default, `local`: those count nanoseconds. */
export function unitOfClock(clock: string): 'ns' | 'ticks' {
  return clock === UNNAMED_CLOCK || NANOSECOND_CLOCKS.has(clock) ? 'ns' : 'ticks';
}

const MASK_64 = (1n << 64n) - 1n;

/**
 * What TIME_SHIFT and TSC2NSEC ask for, in trace-cmd's order (timestamp_calc, trace-input.c);
 * undefined when they ask for nothing, which leaves the fast path without a call per event.
 */
export function timeConversion(options: TraceOptions): ConvertTime | undefined {
  const { timeShift, tsc2nsec } = options;
  const shifts = timeShift?.cpus.some((samples) => samples.length > 0) ? timeShift : undefined;
  if (!shifts && !tsc2nsec) return undefined;
  return (raw, cpu) => {
    const shifted = shifts ? toHostTime(raw, shifts, cpu) : raw;
    return tsc2nsec ? toNanoseconds(shifted, tsc2nsec) : shifted;
  };
}

/**
 * ns = (ticks * mult) >> shift with a product of 128 bits. The option's offset is not added:
 * trace-cmd does not either, and it would only move the base.
 */
function toNanoseconds(ticks: bigint, { mult, shift }: Tsc2nsec): bigint {
  return ((ticks * mult) >> shift) & MASK_64;
}

function toHostTime(raw: bigint, { cpus, interpolate }: TimeShift, cpu: number): bigint {
  const samples = cpus[cpu];
  const first = samples?.[0];
  if (!samples || !first) return raw;
  const at = sampleBefore(samples, raw);
  const sample = samples[at] ?? first;
  const next = samples[at + 1];
  const offset = interpolate && next ? interpolated(raw, sample, next) : sample.offset;
  return (((raw * sample.scaling) >> sample.fraction) + offset) & MASK_64;
}

/** The last sample at or before `raw`; before the first and after the last the outermost pair counts. */
function sampleBefore(samples: readonly TimeShiftSample[], raw: bigint): number {
  let low = 0;
  let high = Math.max(0, samples.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((samples[middle] as TimeShiftSample).time <= raw) low = middle;
    else high = middle - 1;
  }
  return low;
}

function interpolated(raw: bigint, from: TimeShiftSample, to: TimeShiftSample): bigint {
  const delta = to.time - from.time;
  return from.offset + ((raw - from.time) * (to.offset - from.offset) + delta / 2n) / delta;
}
