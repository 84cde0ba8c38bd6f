import type { ByteReader } from './byte-reader.ts';

/** TSC2NSEC: ns = (ticks * mult) >> shift. */
export interface Tsc2nsec {
  readonly mult: bigint;
  readonly shift: bigint;
  readonly offset: bigint;
}

export interface TimeShiftSample {
  readonly time: bigint;
  readonly offset: bigint;
  readonly scaling: bigint;
  readonly fraction: bigint;
}

/** TIME_SHIFT: what turns a guest's time stamps into its host's. */
export interface TimeShift {
  readonly peer: bigint;
  readonly interpolate: boolean;
  /** Samples by CPU, by time. */
  readonly cpus: readonly (readonly TimeShiftSample[])[];
}

/** TRACECMD_TSYNC_FLAG_INTERPOLATE of trace-cmd's trace-cmd-private.h. */
const INTERPOLATE = 1;

/** trace-cmd.dat.v7(5) TSC2NSEC. */
export function readTsc2nsec(reader: ByteReader): Tsc2nsec | undefined {
  const mult = BigInt(reader.u32());
  const shift = BigInt(reader.u32());
  const offset = reader.u64();
  return mult === 0n ? undefined : { mult, shift: shift > 63n ? 63n : shift, offset };
}

/**
 * trace-cmd.dat.v7(5) TIME_SHIFT. The fraction bits that may follow the samples are not in the man
 * page; trace-cmd reads them in tsync_cpu_offsets_load (trace-input.c).
 */
export function readTimeShift(reader: ByteReader): TimeShift {
  const peer = reader.u64();
  const interpolate = (reader.u32() & INTERPOLATE) !== 0;
  const columns: { times: bigint[]; offsets: bigint[]; scalings: bigint[]; fractions: bigint[] }[] =
    [];
  for (let count = reader.u32(); count > 0; count--) {
    const samples = reader.u32();
    columns.push({
      times: readColumn(samples, () => reader.u64()),
      offsets: readColumn(samples, () => reader.i64()),
      scalings: readColumn(samples, () => reader.u64()),
      fractions: [],
    });
  }
  if (reader.remaining > 0) {
    for (const cpu of columns) {
      cpu.fractions.push(...readColumn(cpu.times.length, () => reader.u64()));
    }
  }
  return {
    peer,
    interpolate,
    cpus: columns.map(({ times, offsets, scalings, fractions }) =>
      sortedSamples(
        times.map((time, i) => ({
          time,
          offset: offsets[i] ?? 0n,
          scaling: scalings[i] ?? 1n,
          fraction: (fractions[i] ?? 0n) & 63n,
        })),
      ),
    ),
  };
}

/** The reader stops a hostile count: nothing is allocated ahead of the bytes. */
function readColumn(count: number, read: () => bigint): bigint[] {
  const values: bigint[] = [];
  for (let i = 0; i < count; i++) values.push(read());
  return values;
}

function sortedSamples(samples: TimeShiftSample[]): TimeShiftSample[] {
  samples.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return samples.filter((sample, i) => i === 0 || sample.time !== samples[i - 1]?.time);
}
