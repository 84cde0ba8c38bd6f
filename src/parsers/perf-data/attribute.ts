/** struct perf_event_attr (include/uapi/linux/perf_event.h), as far as reading a file needs it. */

/** PERF_SAMPLE_*: which fields a sample has. */
export const SAMPLE = {
  ip: 0x1,
  tid: 0x2,
  time: 0x4,
  addr: 0x8,
  read: 0x10,
  callchain: 0x20,
  id: 0x40,
  cpu: 0x80,
  period: 0x100,
  streamId: 0x200,
  raw: 0x400,
  identifier: 0x10000,
} as const;

/** PERF_FORMAT_*: what the READ field of a sample holds. */
export const READ_FORMAT = {
  totalTimeEnabled: 0x1,
  totalTimeRunning: 0x2,
  id: 0x4,
  group: 0x8,
  lost: 0x10,
} as const;

/** PERF_TYPE_TRACEPOINT: `config` is the id in the event's format file. */
export const TRACEPOINT = 2;

export interface EventAttribute {
  readonly type: number;
  readonly config: number;
  readonly sampleType: number;
  readonly readFormat: number;
  readonly sampleIdAll: boolean;
  /** One in so many events is recorded; 0 where perf chose the number as it went. */
  readonly period: number;
  /** Set where perf started the command itself and recorded nothing else. */
  readonly enableOnExec: boolean;
  /** clockid_t the events were stamped with; undefined for perf's own clock. */
  readonly clockId: number | undefined;
  readonly ids: readonly number[];
}

/** PERF_ATTR_SIZE_VER0: the size of an attribute that states none. */
const OLDEST_SIZE = 64;
const LARGEST_SIZE = 64 * 1024;

/** The size an attribute of `available` bytes says it has; undefined where that cannot be. */
export function attributeSize(bytes: Uint8Array, littleEndian: boolean): number | undefined {
  if (bytes.length < OLDEST_SIZE) return undefined;
  const stated = viewOf(bytes).getUint32(4, littleEndian) || OLDEST_SIZE;
  return stated >= OLDEST_SIZE && stated <= Math.min(LARGEST_SIZE, bytes.length)
    ? stated
    : undefined;
}

/** Fields beyond the end of an older, shorter attribute are zero; what follows a newer one is skipped. */
export function readAttribute(
  bytes: Uint8Array,
  littleEndian: boolean,
  ids: readonly number[],
): EventAttribute {
  const padded = new Uint8Array(Math.max(bytes.length, 96));
  padded.set(bytes);
  const view = viewOf(padded);
  const flag = (bit: number) => flagOf(padded, littleEndian, bit);
  return {
    type: view.getUint32(0, littleEndian),
    config: readU64(view, 8, littleEndian),
    sampleType: readU64(view, 24, littleEndian),
    readFormat: readU64(view, 32, littleEndian),
    period: flag(FLAG.frequency) ? 0 : readU64(view, 16, littleEndian),
    enableOnExec: flag(FLAG.enableOnExec),
    sampleIdAll: flag(FLAG.sampleIdAll),
    clockId: flag(FLAG.useClockId) ? view.getInt32(92, littleEndian) : undefined,
    ids,
  };
}

/** Places of the flags in the bit field at offset 40. */
const FLAG = { frequency: 10, enableOnExec: 12, sampleIdAll: 18, useClockId: 25 };

/** Compilers of big-endian machines fill bit fields from the top (perf's swap_bitfield undoes it). */
function flagOf(bytes: Uint8Array, littleEndian: boolean, bit: number): boolean {
  const byte = bytes[40 + (bit >> 3)] ?? 0;
  return ((byte >> (littleEndian ? bit & 7 : 7 - (bit & 7))) & 1) === 1;
}

/** Exact below 2^53; ids, types and sizes never come near. */
export function readU64(view: DataView, at: number, littleEndian: boolean): number {
  const first = view.getUint32(at, littleEndian);
  const second = view.getUint32(at + 4, littleEndian);
  return littleEndian ? second * 4_294_967_296 + first : first * 4_294_967_296 + second;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
