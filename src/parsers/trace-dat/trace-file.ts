import { TraceError } from '../../errors.ts';
import type { ProblemLog } from '../problem-log.ts';
import { ByteReader, EndOfBytes, type FileSource } from './byte-reader.ts';
import { type InitialFields, sanePageSize, type TraceFile } from './file-layout.ts';
import { readVersion6 } from './version-6.ts';
import { readVersion7 } from './version-7.ts';

const MAGIC = Uint8Array.of(0x17, 0x08, 0x44, ...new TextEncoder().encode('tracing'));

export function hasMagic(head: Uint8Array): boolean {
  return MAGIC.every((byte, i) => head[i] === byte);
}

/** @throws TraceError when not even the first fields are there or the version is not one we know. */
export function readTraceFile(path: string, file: FileSource, problems: ProblemLog): TraceFile {
  const head = new ByteReader(file, true, MAGIC.length);
  let initial: InitialFields;
  let reader: ByteReader;
  try {
    const version = Number.parseInt(head.name(), 10);
    const littleEndian = head.u8() === 0;
    const userLongSize = head.u8();
    reader = new ByteReader(file, littleEndian, head.position);
    const pageSize = sanePageSize(reader.u32(), problems);
    initial = { version, littleEndian, userLongSize, pageSize };
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    throw new TraceError(`${path} ends inside its header (${file.size} bytes)`, {
      hint: 'the recorder died before it wrote anything; record again',
      cause: error,
    });
  }
  if (initial.version === 7) return readVersion7(path, reader, initial, problems);
  if (initial.version === 6) return readVersion6(path, reader, initial, problems);
  throw new TraceError(`${path} is a trace.dat of unknown version ${initial.version}`, {
    hint: 'versions 6 and 7 are known; `trace-cmd convert --file-version 7` may help',
  });
}
