/** Options that say how a capture's time stamps convert (trace-cmd.dat.v7(5), TSC2NSEC and TIME_SHIFT). */
import { ByteWriter } from './byte-writer.ts';
import { OPTION, type RawOption } from './trace-dat-writer.ts';

/** ns = (ts × mult >> shift) + offset, as perf's user page gives it. */
export interface Tsc2Nsec {
  readonly mult: number;
  readonly shift: number;
  readonly offset: number | bigint;
}

/** One synchronisation of guest and host clocks: from this guest time on, host = guest × scaling + offset. */
export interface TimeSample {
  readonly time: number | bigint;
  readonly offset: number | bigint;
  readonly scaling: number | bigint;
  /** Fraction bits of the scaling. */
  readonly fraction?: number | bigint;
}

export interface TimeShift {
  /** Trace id of the other side. */
  readonly peer: number | bigint;
  /** Bit 0: interpolate between samples. */
  readonly flags: number;
  readonly cpus: readonly (readonly TimeSample[])[];
  /** Fraction bits are missing in files of the first trace-cmd versions that had the option. */
  readonly withoutFractions?: boolean;
}

export function tsc2NsecOption(value: Tsc2Nsec, littleEndian: boolean): RawOption {
  const { mult, shift, offset } = value;
  const data = new ByteWriter(littleEndian).u32(mult).u32(shift).u64(offset).finish();
  return { id: OPTION.tsc2nsec, data };
}

export function timeShiftOption(shift: TimeShift, littleEndian: boolean): RawOption {
  const out = new ByteWriter(littleEndian).u64(shift.peer).u32(shift.flags).u32(shift.cpus.length);
  for (const samples of shift.cpus) {
    out.u32(samples.length);
    for (const { time } of samples) out.u64(time);
    for (const { offset } of samples) out.u64(offset);
    for (const { scaling } of samples) out.u64(scaling);
  }
  if (!shift.withoutFractions) {
    for (const samples of shift.cpus) for (const { fraction } of samples) out.u64(fraction ?? 0);
  }
  return { id: OPTION.timeShift, data: out.finish() };
}
