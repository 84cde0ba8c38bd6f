import { closeSync, createReadStream, fstatSync, openSync, read } from 'node:fs';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { TraceError } from '../../errors.ts';
import type { Bytes, Report } from './bytes.ts';
import { inflateRaw } from './inflate.ts';

/** Members named when there are too many. */
const NAMED = 5;
const STORED = 0;
const DEFLATED = 8;

export interface ZipMember {
  readonly name: string;
  /** The bytes of the archive that hold the member. */
  readonly packed: Readable;
  unpack(report: Report): Bytes;
}

/**
 * The only file in a zip archive.
 * @param name how to call the archive
 * @throws TraceError when there is none or more than one, or it is encrypted or packed in another
 * way than zip itself does.
 */
export async function zipMember(path: string, name: string): Promise<ZipMember> {
  const zip = await open(path, name);
  try {
    const entry = await onlyMember(zip, name);
    refuseUnreadable(entry, name);
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const end = fileDataStart + entry.compressedSize - 1;
    const packed = createReadStream(path, {
      start: fileDataStart,
      end: Math.max(fileDataStart, end),
    });
    return {
      name: entry.fileName,
      packed,
      unpack: (report) => checked(entry, packed, report),
    };
  } catch (error) {
    throw unreadable(error, name);
  } finally {
    zip.close();
  }
}

/** The member's content; neither deflate nor zip's stored form notices changed bytes. */
async function* checked(
  entry: Entry,
  packed: Readable,
  report: Report,
): AsyncGenerator<Uint8Array> {
  let isReported = false;
  const reportOnce: Report = (damage) => {
    if (!isReported) report(damage);
    isReported = true;
  };
  let crc = 0;
  let size = 0;
  const content: Bytes =
    entry.compressionMethod === STORED ? packed : inflateRaw(packed, reportOnce);
  for await (const chunk of content) {
    crc = crc32(chunk, crc);
    size += chunk.length;
    yield chunk;
  }
  if (crc !== entry.crc32 || size !== entry.uncompressedSize) reportOnce('damaged');
}

/** yauzl's own lets fs.read throw outside of any call where an archive names a place beyond 2^53. */
class FileReader extends RandomAccessReader {
  readonly size: number;
  readonly #fd: number;

  constructor(path: string) {
    super();
    this.#fd = openSync(path, 'r');
    this.size = fstatSync(this.#fd).size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    if (position >= 0 && position + length <= this.size) {
      read(this.#fd, buffer, offset, length, position, callback);
    } else setImmediate(callback, new Error('it names a place beyond its end'));
  }

  override close(callback: (error: Error | null) => void): void {
    closeSync(this.#fd);
    setImmediate(callback, null);
  }
}

async function open(path: string, name: string): Promise<ZipFile> {
  try {
    const reader = new FileReader(path);
    return await fromRandomAccessReaderPromise(reader, reader.size, { autoClose: false });
  } catch (error) {
    throw unreadable(error, name);
  }
}

/** Folders do not count, nor does what macOS keeps beside each file. */
async function onlyMember(zip: ZipFile, name: string): Promise<Entry> {
  if (zip.entryCount === 0) throw new TraceError(`${name} is an empty zip archive`);
  const first: Entry[] = [];
  let files = 0;
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/') || entry.fileName.startsWith('__MACOSX/')) continue;
    files++;
    if (files <= NAMED) first.push(entry);
  }
  const [only] = first;
  if (!only) throw new TraceError(`${name} is a zip archive without a file`);
  if (files === 1) return only;
  const names = first.map((entry) => entry.fileName).join(', ');
  const others = files > NAMED ? ` and ${files - NAMED} more` : '';
  throw new TraceError(`${name} holds ${files} files: ${names}${others}`, {
    hint: 'unpack it with unzip and give the capture alone',
  });
}

function refuseUnreadable(entry: Entry, name: string): void {
  const { fileName, compressionMethod } = entry;
  if (entry.isEncrypted()) {
    throw new TraceError(`${name}: ${fileName} is encrypted`, {
      hint: 'unpack it with unzip first',
    });
  }
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw new TraceError(`${name}: ${fileName} is packed with zip's method ${compressionMethod}`, {
      hint: 'unpack it first; svm-trace knows stored and deflated members',
    });
  }
}

/** What yauzl finds wrong, in one line. */
function unreadable(error: unknown, name: string): TraceError {
  if (error instanceof TraceError) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (why.startsWith('End of central directory')) {
    return new TraceError(`${name} is a zip archive whose end is missing`, {
      hint: 'copy it again, or repair it: zip -FF broken.zip --out repaired.zip',
      cause: error,
    });
  }
  return new TraceError(`${name} cannot be read as a zip archive: ${why}`, {
    hint: 'copy it again, or unpack it first: unzip',
    cause: error,
  });
}
