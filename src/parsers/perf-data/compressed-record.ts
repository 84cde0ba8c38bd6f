import { readU64 } from './attribute.ts';
import { RECORD } from './record-types.ts';

/** The parts of the zstd stream a compressed record holds, and how many bytes of the file it takes. */
export interface CompressedPayloads {
  readonly payloads: readonly Uint8Array[];
  readonly size: number;
}

const HEADER_BYTES = 8;
const HEADER2_BYTES = 16;
/** No ring buffer of perf record is larger, and one record holds at most one pass over one. */
const LARGEST_BYTES = 64 * 1024 * 1024;
/** PERF_SAMPLE_MAX_SIZE - sizeof(struct perf_record_compressed2) - 1: what one record may hold. */
const FULL_PAYLOAD = 65_536 - HEADER2_BYTES - 1;

/**
 * Bytes a COMPRESSED2 record takes in the file. `record__pushfn` (tools/perf/builtin-record.c, 6.16)
 * keeps the aligned size in 16 bits: where it does not fit, `header.size` is what is left of it,
 * `data_size` is right, and the padding is not written. Undefined when neither can be.
 */
export function sizeOfCompressed2(
  view: DataView,
  at: number,
  size: number,
  littleEndian: boolean,
  available: number,
): number | undefined {
  const used = HEADER2_BYTES + readU64(view, at + HEADER_BYTES, littleEndian);
  if (used > LARGEST_BYTES || used > available) return undefined;
  const aligned = Math.ceil(used / 8) * 8;
  if (aligned === size) return Math.min(aligned, available);
  return aligned >= 65_536 && aligned % 65_536 === size ? used : undefined;
}

/** `record`: all bytes of a COMPRESSED or COMPRESSED2 record; `size` as its header states it. */
export function compressedPayloads(
  record: Uint8Array,
  littleEndian: boolean,
  size: number,
): CompressedPayloads {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  if (view.getUint32(0, littleEndian) === RECORD.compressed) {
    return { payloads: [record.subarray(HEADER_BYTES)], size: record.length };
  }
  const used = HEADER2_BYTES + readU64(view, HEADER_BYTES, littleEndian);
  if (used - HEADER2_BYTES <= FULL_PAYLOAD || record.length === size) {
    return { payloads: [record.subarray(HEADER2_BYTES, used)], size: record.length };
  }
  return { payloads: splitPayloads(record, view, littleEndian), size: record.length };
}

/**
 * What does not fit one record is split by zstd_compress_stream_to_records: the first is full, the
 * others have headers of their own, whose `data_size` was never set.
 */
function splitPayloads(record: Uint8Array, view: DataView, littleEndian: boolean): Uint8Array[] {
  const payloads = [record.subarray(HEADER2_BYTES, HEADER2_BYTES + FULL_PAYLOAD)];
  for (let at = HEADER2_BYTES + FULL_PAYLOAD; at + HEADER2_BYTES <= record.length; ) {
    const size = view.getUint16(at + 6, littleEndian);
    const isPart = view.getUint32(at, littleEndian) === RECORD.compressed2 && size > HEADER2_BYTES;
    if (!isPart) break;
    payloads.push(record.subarray(at + HEADER2_BYTES, Math.min(record.length, at + size)));
    at += size;
  }
  return payloads;
}
