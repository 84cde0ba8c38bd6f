import type { ProblemLog } from '../problem-log.ts';
import { ByteReader, EndOfBytes, MemorySource, SliceSource } from './byte-reader.ts';
import { DamagedBlock, type Decompress, LARGEST_BLOCK_BYTES } from './compression.ts';

export const SECTION_HEADER_BYTES = 16;
const COMPRESSED = 1;
/** Highest section id of trace-cmd-private.h so far, with room for some more. */
const HIGHEST_ID = 100;
/** trace-cmd writes about ten, and three for each further instance. */
const MOST_SECTIONS = 10_000;

/** What reading a section of a version 7 file needs. */
export interface Sections {
  readonly reader: ByteReader;
  readonly decompress: Decompress | undefined;
  readonly problems: ProblemLog;
}

export interface SectionHeader {
  readonly id: number;
  readonly offset: number;
  readonly compressed: boolean;
  /** Bytes behind the header. */
  readonly size: number;
}

/** trace-cmd.dat.v7(5), FORMAT OF THE SECTION HEADER. @throws EndOfBytes */
export function readSectionHeader({ reader }: Sections, offset: number): SectionHeader {
  const at = new ByteReader(reader.source, reader.littleEndian, offset);
  const id = at.u16();
  const compressed = (at.u16() & COMPRESSED) !== 0;
  at.skip(4);
  return { id, offset, compressed, size: at.size64() };
}

/** A reader over the section's bytes, decompressed where they are. @throws EndOfBytes, DamagedBlock */
export function openSection(sections: Sections, offset: number, id: number): ByteReader {
  const { reader, decompress } = sections;
  const header = readSectionHeader(sections, offset);
  if (header.id !== id) throw new EndOfBytes(`section ${header.id} is there instead`);
  const start = offset + SECTION_HEADER_BYTES;
  const body = new ByteReader(
    new SliceSource(reader.source, start, header.size),
    reader.littleEndian,
  );
  if (!header.compressed || !decompress) return body;
  const compressedSize = body.u32();
  const size = body.u32();
  const compressed = body.bytes(compressedSize);
  if (size > LARGEST_BLOCK_BYTES) throw new DamagedBlock(`claims to hold ${size} bytes`);
  const bytes = new Uint8Array(size);
  decompress(compressed, bytes);
  return new ByteReader(new MemorySource(bytes), reader.littleEndian);
}

/**
 * The sections from `start` on by their own sizes: they stand one behind the other, though only the
 * options say where. Ends where no section can be.
 */
export function* walkSections(sections: Sections, start: number): Generator<SectionHeader> {
  try {
    let offset = start;
    for (let count = 0; count < MOST_SECTIONS; count++) {
      const header = readSectionHeader(sections, offset);
      const isPadding = header.id === 0 && header.size === 0;
      if (isPadding || header.id > HIGHEST_ID) return;
      yield header;
      offset += SECTION_HEADER_BYTES + header.size;
    }
  } catch (error) {
    damageReason(error);
  }
}

export function reportDamage(sections: Sections, title: string, offset: number, why: string): void {
  sections.problems.add(
    'damaged-section',
    'data-loss',
    `the ${title} section at ${offset} cannot be read whole: ${why}`,
  );
}

/** What a damaged file may throw; anything else is our own mistake. */
export function damageReason(error: unknown): string {
  if (error instanceof EndOfBytes || error instanceof DamagedBlock) return error.message;
  throw error;
}
