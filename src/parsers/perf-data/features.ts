import { ByteReader, decodeText, EndOfBytes, MemorySource } from '../trace-dat/byte-reader.ts';

/** HEADER_* feature bits (tools/perf/util/header.h) that are read. */
export const FEATURE = {
  tracingData: 1,
  hostname: 3,
  osRelease: 4,
  version: 5,
  arch: 6,
  cpus: 7,
  commandLine: 11,
  eventDescriptions: 12,
  sampleTime: 21,
  clockId: 23,
  directory: 24,
  compressed: 27,
  clockData: 29,
} as const;

/** What perf wrote down of the machine and the recording; absent where the file does not say. */
export interface RecordingFacts {
  hostname?: string;
  osRelease?: string;
  perfVersion?: string;
  arch?: string;
  cpusAvailable?: number;
  commandLine?: readonly string[];
  /** Names of the events by the ids of their samples. */
  readonly eventNames: Map<number, string>;
  /** Resolution of the clock in ns. */
  clockResolution?: bigint;
  /** The wall clock and the events' clock at one moment, in ns. */
  clockPair?: { readonly wall: bigint; readonly clock: bigint };
  /** Times of the first and the last sample. */
  sampleTime?: { readonly first: bigint; readonly last: bigint };
  compression?: string;
  /** The records of the ring buffers stand in files of their own beside this one. */
  isDirectory?: boolean;
}

export function noFacts(): RecordingFacts {
  return { eventNames: new Map() };
}

/** A string is kept with its length padded to 64 bytes (do_write_string). */
const LONGEST_STRING = 1024 * 1024;
const MOST_ENTRIES = 65_536;
/** The kernel can be built for 8192 (CONFIG_NR_CPUS); more is damage. */
const MOST_CPUS = 65_536;

/** Reads one feature section (tools/perf/util/header.c, process_*); a short one changes nothing. */
export function readFeature(
  bit: number,
  bytes: Uint8Array,
  littleEndian: boolean,
  facts: RecordingFacts,
): void {
  const read = READERS[bit];
  if (!read) return;
  try {
    read(new ByteReader(new MemorySource(bytes), littleEndian), facts);
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
  }
}

const READERS: Readonly<Record<number, (reader: ByteReader, facts: RecordingFacts) => void>> = {
  [FEATURE.hostname]: (reader, facts) => {
    facts.hostname = string(reader);
  },
  [FEATURE.osRelease]: (reader, facts) => {
    facts.osRelease = string(reader);
  },
  [FEATURE.version]: (reader, facts) => {
    facts.perfVersion = string(reader);
  },
  [FEATURE.arch]: (reader, facts) => {
    facts.arch = string(reader);
  },
  [FEATURE.cpus]: (reader, facts) => {
    const cpus = reader.u32();
    if (cpus <= MOST_CPUS) facts.cpusAvailable = cpus;
  },
  [FEATURE.commandLine]: (reader, facts) => {
    const words: string[] = [];
    for (let n = count(reader); n > 0; n--) words.push(string(reader));
    facts.commandLine = words;
  },
  [FEATURE.eventDescriptions]: readEventDescriptions,
  [FEATURE.sampleTime]: (reader, facts) => {
    const times = { first: reader.u64(), last: reader.u64() };
    if (times.first > 0n && times.last >= times.first) facts.sampleTime = times;
  },
  [FEATURE.directory]: (_, facts) => {
    facts.isDirectory = true;
  },
  [FEATURE.clockId]: (reader, facts) => {
    facts.clockResolution = reader.u64();
  },
  [FEATURE.clockData]: (reader, facts) => {
    reader.skip(8);
    facts.clockPair = { wall: reader.u64(), clock: reader.u64() };
  },
  [FEATURE.compressed]: (reader, facts) => {
    reader.skip(4);
    facts.compression = reader.u32() === 1 ? 'zstd' : 'unknown';
  },
};

function readEventDescriptions(reader: ByteReader, facts: RecordingFacts): void {
  let events = count(reader);
  const attributeSize = reader.u32();
  for (; events > 0; events--) {
    reader.skip(attributeSize);
    const ids = count(reader);
    const name = string(reader);
    for (let n = 0; n < ids; n++) facts.eventNames.set(reader.size64(), name);
  }
}

function count(reader: ByteReader): number {
  const entries = reader.u32();
  if (entries > MOST_ENTRIES) throw new EndOfBytes(`${entries} entries`);
  return entries;
}

function string(reader: ByteReader): string {
  const length = reader.u32();
  if (length > LONGEST_STRING) throw new EndOfBytes(`a string of ${length} bytes`);
  const bytes = reader.bytes(length);
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}
