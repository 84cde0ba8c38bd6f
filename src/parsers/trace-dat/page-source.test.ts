import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../../test/random.ts';
import { ByteWriter } from '../../../test/scenario/byte-writer.ts';
import { FileSource } from './byte-reader.ts';
import { type Decompress, decompressorFor } from './compression.ts';
import { CompressedPages, type PageSource, PlainPages } from './page-source.ts';

const PAGE = 8192;
const folder = mkdtempSync(join(tmpdir(), 'svm-trace-pages-'));
afterAll(() => rmSync(folder, { recursive: true }));

const random = randomFrom(7);
const pages = Uint8Array.from({ length: PAGE * 9 }, () => Math.floor(random() * 256));

function fileOf(bytes: Uint8Array): FileSource {
  const path = join(folder, 'pages');
  writeFileSync(path, bytes);
  return new FileSource(path);
}

/** The pages as compressed chunks of the given size, behind 100 bytes of something else. */
function packed(chunkSize: number): { bytes: Uint8Array; chunks: number[] } {
  const out = new ByteWriter(true).bytes(new Uint8Array(100));
  const chunks: number[] = [];
  out.u32(Math.ceil(pages.length / chunkSize));
  for (let at = 0; at < pages.length; at += chunkSize) {
    const chunk = pages.subarray(at, at + chunkSize);
    const data = deflateSync(chunk);
    chunks.push(out.length);
    out.u32(data.length).u32(chunk.length).bytes(data);
  }
  return { bytes: out.finish(), chunks };
}

function compressedPages(bytes: Uint8Array): CompressedPages {
  return new CompressedPages(fileOf(bytes), true, {
    offset: 100,
    size: bytes.length - 104,
    pageSize: PAGE,
    decompress: decompressorFor('zlib') as Decompress,
    windowBytes: 4096,
  });
}

/** All blocks; each but the last must hold whole pages. */
function blocksOf(source: PageSource, room: number): { blocks: Uint8Array[]; damage: string[] } {
  const blocks: Uint8Array[] = [];
  const damage: string[] = [];
  const into = new Uint8Array(room);
  for (let block = source.next(into); block; block = source.next(into)) {
    blocks.push(block.slice());
    const found = source.takeDamage();
    if (found) damage.push(`${found.kind} after ${blocks.length}`);
  }
  return { blocks, damage };
}

describe('compressed pages', () => {
  it.each([
    ['chunks of less than a page', 3000],
    ['chunks that end inside a page', PAGE + 4096],
    ['chunks of whole pages', PAGE * 2],
    ['one chunk larger than the room', PAGE * 9],
  ])('%s', (_, chunkSize) => {
    const { blocks, damage } = blocksOf(compressedPages(packed(chunkSize).bytes), PAGE * 4);
    expect(Buffer.concat(blocks)).toEqual(Buffer.from(pages));
    for (const block of blocks.slice(0, -1)) expect(block.length % PAGE).toBe(0);
    expect(damage).toEqual([]);
  });

  it('a damaged chunk is left out, and its place is told', () => {
    const { bytes, chunks } = packed(PAGE * 2);
    bytes.fill(0x55, (chunks[1] as number) + 8, (chunks[1] as number) + 40);
    const { blocks, damage } = blocksOf(compressedPages(bytes), PAGE * 4);
    const wanted = [pages.subarray(0, PAGE * 2), pages.subarray(PAGE * 4)];
    expect(Buffer.concat(blocks)).toEqual(Buffer.concat(wanted));
    expect(damage).toEqual(['damaged after 1']);
  });

  it.each([0xffffffff, 0x7fffffff])('a chunk that claims %i bytes ends the CPU', (claim) => {
    const { bytes, chunks } = packed(PAGE * 2);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32((chunks[2] as number) + 4, claim, true);
    const { blocks, damage } = blocksOf(compressedPages(bytes), PAGE * 4);
    expect(Buffer.concat(blocks)).toEqual(Buffer.from(pages.subarray(0, PAGE * 4)));
    expect(damage).toEqual([expect.stringContaining('truncated')]);
  });
});

describe('plain pages', () => {
  it('stop where the file does, and say so', () => {
    const source = new PlainPages(fileOf(pages), PAGE, PAGE * 20);
    const { blocks, damage } = blocksOf(source, PAGE * 3);
    expect(Buffer.concat(blocks)).toEqual(Buffer.from(pages.subarray(PAGE)));
    expect(damage).toEqual(['truncated after 1']);
    expect(source.consumed).toBe(PAGE * 8);
  });
});
