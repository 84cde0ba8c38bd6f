import { TraceError } from '../../errors.ts';
import type { ProblemLog } from '../problem-log.ts';
import { type FileSource, SliceSource } from '../trace-dat/byte-reader.ts';
import { emptyMetadata, type TracingMetadata } from '../trace-dat/tracing-metadata.ts';
import { attributeSize, type EventAttribute, readAttribute, readU64, viewOf } from './attribute.ts';
import { FEATURE, noFacts, type RecordingFacts, readFeature } from './features.ts';
import { readTracingData, type TracingData } from './tracing-data.ts';

/** All that stands in a perf.data besides its records; in pipe mode the records fill it. */
export interface PerfFile {
  readonly littleEndian: boolean;
  readonly isPipe: boolean;
  readonly records: { readonly start: number; readonly end: number };
  /** Of a directory: the files with the records of one ring buffer each. */
  parts: readonly FileSource[];
  readonly attributes: EventAttribute[];
  readonly facts: RecordingFacts;
  readonly metadata: TracingMetadata;
  tracing: TracingData | undefined;
}

const MAGIC = 'PERFILE2';
const SWAPPED = '2ELIFREP';
/** Up to perf 3.3. */
const OLD_MAGIC = 'PERFFILE';
const PIPE_HEADER_BYTES = 16;
const FILE_HEADER_BYTES = 104;
const SECTION_BYTES = 16;
const FEATURE_BITS = 256;
/** Far above what any recording has; bounds what a damaged header can ask for. */
const MOST_BYTES = 64 * 1024 * 1024;

export function hasPerfMagic(head: Uint8Array): boolean {
  return [MAGIC, SWAPPED, OLD_MAGIC].includes(magicOf(head));
}

function magicOf(head: Uint8Array): string {
  return String.fromCharCode(...head.subarray(0, MAGIC.length));
}

/** @throws TraceError when the header says nothing that can be used. */
export function readPerfFile(path: string, file: FileSource, problems: ProblemLog): PerfFile {
  const head = file.read(0, FILE_HEADER_BYTES);
  const littleEndian = isLittleEndian(head);
  const view = viewOf(head);
  const headerSize = head.length < PIPE_HEADER_BYTES ? 0 : readU64(view, 8, littleEndian);
  if (headerSize === PIPE_HEADER_BYTES) return pipeFile(file, littleEndian);
  if (headerSize < FILE_HEADER_BYTES || head.length < FILE_HEADER_BYTES) {
    throw new TraceError(`${path} ends inside its header (${file.size} bytes)`, {
      hint: 'the recorder died before it wrote anything; record again',
    });
  }
  return new FileHeader(file, view, littleEndian, problems).read();
}

/** The old magic is the same bytes on every machine; the size of the header behind it tells. */
function isLittleEndian(head: Uint8Array): boolean {
  if (magicOf(head) !== OLD_MAGIC || head.length < PIPE_HEADER_BYTES)
    return magicOf(head) === MAGIC;
  return [PIPE_HEADER_BYTES, FILE_HEADER_BYTES].includes(readU64(viewOf(head), 8, true));
}

function pipeFile(file: FileSource, littleEndian: boolean): PerfFile {
  return {
    littleEndian,
    isPipe: true,
    records: { start: PIPE_HEADER_BYTES, end: file.size },
    parts: [],
    attributes: [],
    facts: noFacts(),
    metadata: emptyMetadata(),
    tracing: undefined,
  };
}

interface Section {
  readonly offset: number;
  readonly size: number;
}

/** struct perf_file_header (tools/perf/util/header.h). */
class FileHeader {
  readonly #file: FileSource;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  readonly #problems: ProblemLog;

  constructor(file: FileSource, view: DataView, littleEndian: boolean, problems: ProblemLog) {
    this.#file = file;
    this.#view = view;
    this.#littleEndian = littleEndian;
    this.#problems = problems;
  }

  read(): PerfFile {
    const data = this.#section(this.#view, 40);
    const isUnfinished = data.size === 0;
    const perf: PerfFile = {
      littleEndian: this.#littleEndian,
      isPipe: false,
      records: {
        start: data.offset,
        end: isUnfinished ? this.#file.size : data.offset + data.size,
      },
      parts: [],
      attributes: this.#attributes(),
      facts: noFacts(),
      metadata: emptyMetadata(),
      tracing: undefined,
    };
    if (isUnfinished) {
      this.#problems.add(
        'unfinished-file',
        'data-loss',
        'perf did not finish the file: it died or is still recording. What it writes at the end, the event formats among it, is missing; `perf record -o - > file` writes them first',
      );
    } else {
      this.#readFeatures(perf, data.offset + data.size);
    }
    return perf;
  }

  #section(view: DataView, at: number): Section {
    return {
      offset: readU64(view, at, this.#littleEndian),
      size: readU64(view, at + 8, this.#littleEndian),
    };
  }

  #attributes(): EventAttribute[] {
    const entrySize = readU64(this.#view, 16, this.#littleEndian);
    const section = this.#section(this.#view, 24);
    const bytes = this.#file.read(section.offset, Math.min(section.size, MOST_BYTES));
    if (bytes.length < section.size) {
      this.#truncated('the list of events');
    }
    const attributes: EventAttribute[] = [];
    if (entrySize < SECTION_BYTES + 64 || entrySize > MOST_BYTES) return attributes;
    for (let at = 0; at + entrySize <= bytes.length; at += entrySize) {
      const entry = bytes.subarray(at, at + entrySize - SECTION_BYTES);
      const size = attributeSize(entry, this.#littleEndian) ?? entry.length;
      const ids = this.#ids(this.#section(viewOf(bytes), at + entrySize - SECTION_BYTES));
      attributes.push(readAttribute(entry.subarray(0, size), this.#littleEndian, ids));
    }
    return attributes;
  }

  #ids({ offset, size }: Section): number[] {
    const bytes = this.#file.read(offset, Math.min(size, MOST_BYTES));
    const view = viewOf(bytes);
    const ids: number[] = [];
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      ids.push(readU64(view, at, this.#littleEndian));
    }
    return ids;
  }

  /** One entry per set bit, in the order of the bits, behind the records. */
  #readFeatures(perf: PerfFile, tableAt: number): void {
    const bits = this.#featureBits();
    const table = this.#file.read(tableAt, bits.length * SECTION_BYTES);
    const view = viewOf(table);
    bits.forEach((bit, n) => {
      const isThere = (n + 1) * SECTION_BYTES <= table.length;
      const section = isThere ? this.#section(view, n * SECTION_BYTES) : undefined;
      if (!section || section.offset + section.size > this.#file.size) {
        this.#truncated('the part behind the records');
      }
      if (section) this.#readFeature(bit, section, perf);
    });
  }

  #readFeature(bit: number, { offset, size }: Section, perf: PerfFile): void {
    if (bit === FEATURE.tracingData) {
      const source = new SliceSource(this.#file, offset, size);
      perf.tracing = readTracingData(source, perf.metadata, this.#problems);
      return;
    }
    const bytes = this.#file.read(offset, Math.min(size, MOST_BYTES));
    readFeature(bit, bytes, this.#littleEndian, perf.facts);
  }

  /**
   * The bits are longs of the recording machine: on a big-endian one of 32 bits the words of a pair
   * stand the other way round. The host's name is always among them, so it tells (perf's
   * perf_file_header__read does the same).
   */
  #featureBits(): number[] {
    const bits = (swapWords: boolean) =>
      Array.from({ length: FEATURE_BITS }, (_, bit) => bit).filter((bit) => {
        const word = (bit >> 5) ^ (swapWords ? 0 : this.#littleEndian ? 0 : 1);
        const value = this.#view.getUint32(72 + word * 4, this.#littleEndian);
        return ((value >>> (bit & 31)) & 1) === 1;
      });
    const usual = bits(false);
    if (usual.includes(FEATURE.hostname) || this.#littleEndian) return usual;
    const swapped = bits(true);
    return swapped.includes(FEATURE.hostname) ? swapped : usual;
  }

  #truncated(what: string): void {
    this.#problems.add('truncated-section', 'data-loss', `${what} is not all in the file`);
  }
}
