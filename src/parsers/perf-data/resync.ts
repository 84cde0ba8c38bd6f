import { isRecordType, RECORD } from './record-types.ts';

/** So many headers in a row must look like records before the place is believed. */
const ROW = 4;
const HEADER_BYTES = 8;
/** Compressed records may be of any size, all others are made of 8-byte words. */
const ALIGNMENT = 8;
/** PERF_RECORD_MISC_CPUMODE_MASK and the flags above it; bits 3 to 9 have no meaning so far. */
const UNUSED_MISC = 0x03f8;

/**
 * Where in `bytes` the next records begin, after one whose header cannot be: the first place from
 * which a row of headers leads on, or up to the very end. Undefined when there is none.
 */
export function findRecords(
  bytes: Uint8Array,
  littleEndian: boolean,
  isEnd: boolean,
): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 1; at + HEADER_BYTES <= bytes.length; at++) {
    if (isRow(view, at, littleEndian, isEnd)) return at;
  }
  return undefined;
}

function isRow(view: DataView, start: number, littleEndian: boolean, isEnd: boolean): boolean {
  let at = start;
  for (let n = 0; n < ROW; n++) {
    if (n > 0 && isEnd && at === view.byteLength) return true;
    if (at + HEADER_BYTES > view.byteLength) return false;
    const size = plausibleSize(view, at, littleEndian);
    if (size === 0) return false;
    at += size;
  }
  return true;
}

function plausibleSize(view: DataView, at: number, littleEndian: boolean): number {
  const type = view.getUint32(at, littleEndian);
  const misc = view.getUint16(at + 4, littleEndian);
  const size = view.getUint16(at + 6, littleEndian);
  if (!isRecordType(type) || size < HEADER_BYTES || (misc & UNUSED_MISC) !== 0) return 0;
  return size % ALIGNMENT === 0 || type === RECORD.compressed ? size : 0;
}
