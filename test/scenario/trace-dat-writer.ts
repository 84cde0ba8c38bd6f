/** Writes trace.dat files, versions 6 and 7 (trace-cmd.dat.v6(5), trace-cmd.dat.v7(5), trace-output.c). */
import { deflateSync } from 'node:zlib';
import { ByteWriter } from './byte-writer.ts';
import type { WriterFormat } from './kernel-formats.ts';

export type Compression = 'none' | 'zlib' | 'zstd';

export interface CpuPages {
  readonly cpu: number;
  readonly pages: Uint8Array;
}

export interface WriterBuffer {
  /** '' is the top buffer. */
  readonly name: string;
  readonly clock: string;
  readonly pageSize: number;
  readonly cpus: readonly CpuPages[];
}

export interface RawOption {
  readonly id: number;
  readonly data: Uint8Array;
}

export interface TraceDatContent {
  readonly version: 6 | 7;
  readonly compression: Compression;
  readonly littleEndian: boolean;
  readonly longSize: 4 | 8;
  readonly pageSize: number;
  readonly clock: string;
  readonly cpuCount: number;
  readonly uname: string;
  readonly formats: readonly WriterFormat[];
  readonly kallsyms: string;
  readonly printk: string;
  readonly cmdlines: string;
  readonly buffers: readonly WriterBuffer[];
  /** Further options, put before the buffers. */
  readonly options: readonly RawOption[];
}

/** Option and section ids of trace-cmd-private.h. */
export const OPTION = {
  done: 0,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  cpuCount: 8,
  version: 9,
  traceId: 11,
  timeShift: 12,
  tsc2nsec: 14,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  printk: 20,
  cmdlines: 21,
} as const;

const SECTION_COMPRESSED = 1;
const PAGES_PER_CHUNK = 10;
const COMPRESSOR_VERSION = { none: '', zlib: '1.2.13', zstd: '1.5.4' } as const;
const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_MAX_BLOCK = 128 * 1024;

export function encodeTraceDat(content: TraceDatContent): Uint8Array {
  return content.version === 6 ? encodeV6(content) : encodeV7(content);
}

function preamble(content: TraceDatContent): ByteWriter {
  return new ByteWriter(content.littleEndian, 1 << 16)
    .bytes(Uint8Array.of(0x17, 0x08, 0x44))
    .text('tracing')
    .cString(String(content.version))
    .u8(content.littleEndian ? 0 : 1)
    .u8(content.longSize)
    .u32(content.pageSize);
}

function encodeV6(content: TraceDatContent): Uint8Array {
  if (content.compression !== 'none') throw new Error('version 6 has no compression');
  const out = preamble(content)
    .bytes(headerInfo(content))
    .bytes(ftraceEvents(content))
    .bytes(eventFormats(content))
    .bytes(sized32(content, content.kallsyms))
    .bytes(sized32(content, content.printk))
    .bytes(sized64(content, content.cmdlines))
    .u32(content.cpuCount)
    .cString('options  ');
  for (const option of plainOptions(content)) writeOption(out, option);
  const instances = content.buffers.filter((buffer) => buffer.name !== '');
  const offsets = instances.map((buffer) => {
    const at = out.length + 6;
    writeOption(out, {
      id: OPTION.buffer,
      data: new ByteWriter(content.littleEndian).u64(0).cString(buffer.name).finish(),
    });
    return at;
  });
  out.u16(OPTION.done);
  const top = content.buffers.find((buffer) => buffer.name === '');
  flyrecordV6(out, content, top);
  instances.forEach((buffer, index) => {
    out.setU64(offsets[index] ?? 0, out.length);
    flyrecordV6(out, content, buffer);
  });
  return out.finish();
}

/** The CPU table of one buffer, the clock that follows it, and its pages. */
function flyrecordV6(
  out: ByteWriter,
  content: TraceDatContent,
  buffer: WriterBuffer | undefined,
): void {
  out.cString('flyrecord');
  const table = out.length;
  for (let cpu = 0; cpu < content.cpuCount; cpu++) out.u64(0).u64(0);
  const clock = `[${content.clock}]`;
  out.u64(clock.length).text(clock);
  for (const { cpu, pages } of buffer?.cpus ?? []) {
    out.align(content.pageSize);
    out.setU64(table + cpu * 16, out.length);
    out.setU64(table + cpu * 16 + 8, pages.length);
    out.bytes(pages);
  }
  // An empty buffer still needs an offset that trace-cmd can map.
  out.align(content.pageSize);
}

function encodeV7(content: TraceDatContent): Uint8Array {
  const { out, metadata } = startV7(content);
  const buffers = content.buffers.map((buffer) => writeBufferV7(out, content, buffer));
  const at = out.length;
  out.bytes(finishV7(content, at, metadata, buffers));
  out.setU64(firstOptionsAt(content), at);
  return out.finish();
}

/** A version 7 file up to its buffers, and the options that name its sections. */
export function startV7(content: TraceDatContent): { out: ByteWriter; metadata: RawOption[] } {
  const out = preamble(content)
    .cString(content.compression)
    .cString(COMPRESSOR_VERSION[content.compression])
    .u64(0);
  const sections: [number, Uint8Array][] = [
    [OPTION.headerInfo, headerInfo(content)],
    [OPTION.ftraceEvents, ftraceEvents(content)],
    [OPTION.eventFormats, eventFormats(content)],
    [OPTION.kallsyms, sized32(content, content.kallsyms)],
    [OPTION.printk, sized32(content, content.printk)],
    [OPTION.cmdlines, sized64(content, content.cmdlines)],
  ];
  const metadata = sections.map(([id, data]) => {
    const offset = writeSection(out, id, data, content.compression);
    return { id, data: new ByteWriter(content.littleEndian).u64(offset).finish() };
  });
  return { out, metadata };
}

/** Where the header holds the offset of the first options section. */
export function firstOptionsAt(content: TraceDatContent): number {
  const { compression } = content;
  return preamble(content).length + compression.length + COMPRESSOR_VERSION[compression].length + 2;
}

/**
 * The end of a version 7 file that begins at offset `at`: two chained options sections, as trace-cmd
 * writes them, the metadata first, then the buffers.
 */
export function finishV7(
  content: TraceDatContent,
  at: number,
  metadata: readonly RawOption[],
  buffers: readonly RawOption[],
): Uint8Array {
  const out = new ByteWriter(content.littleEndian);
  const next = writeOptions(out, [...metadata, ...plainOptions(content)]);
  out.setU64(next, at + out.length);
  writeOptions(out, buffers);
  return out.finish();
}

/** A section with its 16-byte header; gives its offset. */
function writeSection(
  out: ByteWriter,
  id: number,
  data: Uint8Array,
  compression: Compression,
): number {
  const offset = out.length;
  const compressed = compression !== 'none';
  const packed = compressed ? compress(data, compression) : data;
  out
    .u16(id)
    .u16(compressed ? SECTION_COMPRESSED : 0)
    .u32(0);
  out.u64(compressed ? packed.length + 8 : packed.length);
  if (compressed) out.u32(packed.length).u32(data.length);
  out.bytes(packed);
  return offset;
}

/** An options section; gives the place of its `next` offset. */
function writeOptions(out: ByteWriter, options: readonly RawOption[]): number {
  const body = new ByteWriter(out.littleEndian);
  for (const option of options) writeOption(body, option);
  body.u16(OPTION.done).u32(8);
  writeSection(
    out,
    OPTION.done,
    new ByteWriter(out.littleEndian).bytes(body.finish()).u64(0).finish(),
    'none',
  );
  return out.length - 8;
}

function writeBufferV7(out: ByteWriter, content: TraceDatContent, buffer: WriterBuffer): RawOption {
  const offset = out.length;
  const compressed = content.compression !== 'none';
  out
    .u16(OPTION.buffer)
    .u16(compressed ? SECTION_COMPRESSED : 0)
    .u32(0);
  const sizeAt = out.length;
  out.u64(0);
  const option = new ByteWriter(content.littleEndian)
    .u64(offset)
    .cString(buffer.name)
    .cString(buffer.clock)
    .u32(buffer.pageSize)
    .u32(buffer.cpus.length);
  for (const { cpu, pages } of buffer.cpus) {
    const chunk = buffer.pageSize * PAGES_PER_CHUNK;
    const data = compressed ? chunks(pages, chunk, content) : pages;
    if (!compressed) out.align(buffer.pageSize);
    option.u32(cpu).u64(out.length).u64(data.length);
    out.bytes(data);
  }
  out.setU64(sizeAt, out.length - offset - 16);
  return { id: OPTION.buffer, data: option.finish() };
}

/** A CPU's pages as compressed chunks: their number, then each with both its sizes. */
function chunks(pages: Uint8Array, chunkSize: number, content: TraceDatContent): Uint8Array {
  const out = new ByteWriter(content.littleEndian);
  out.u32(Math.ceil(pages.length / chunkSize));
  for (let at = 0; at < pages.length; at += chunkSize) {
    const chunk = pages.subarray(at, at + chunkSize);
    const packed = compress(chunk, content.compression);
    out.u32(packed.length).u32(chunk.length).bytes(packed);
  }
  return out.finish();
}

function compress(data: Uint8Array, compression: Compression): Uint8Array {
  return compression === 'zlib' ? deflateSync(data) : zstdFrame(data);
}

/**
 * A zstd frame of raw blocks (RFC 8878, 3.1.1): valid for every decoder and made without an encoder,
 * which Node 20 does not have. Real recordings among the fixtures hold truly compressed frames.
 */
export function zstdFrame(data: Uint8Array): Uint8Array {
  const out = new ByteWriter(true, data.length + 64);
  // Frame header: a 4-byte content size, single segment.
  out.u32(ZSTD_MAGIC).u8(0b1010_0000).u32(data.length);
  let at = 0;
  do {
    const block = data.subarray(at, at + ZSTD_MAX_BLOCK);
    at += block.length;
    const header = (block.length << 3) | (at >= data.length ? 1 : 0);
    out
      .u8(header & 0xff)
      .u8((header >> 8) & 0xff)
      .u8(header >> 16);
    out.bytes(block);
  } while (at < data.length);
  return out.finish();
}

function writeOption(out: ByteWriter, { id, data }: RawOption): void {
  out.u16(id).u32(data.length).bytes(data);
}

function plainOptions(content: TraceDatContent): RawOption[] {
  const { littleEndian } = content;
  const text = (value: string): Uint8Array => new ByteWriter(littleEndian).cString(value).finish();
  return [
    { id: OPTION.traceClock, data: text(`[${content.clock}]\n`) },
    { id: OPTION.uname, data: text(content.uname) },
    { id: OPTION.version, data: text('3.1.6 scenario') },
    { id: OPTION.cpuCount, data: new ByteWriter(littleEndian).u32(content.cpuCount).finish() },
    ...content.options,
  ];
}

function headerInfo(content: TraceDatContent): Uint8Array {
  const { longSize, pageSize } = content;
  const page = [
    '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n',
    `\tfield: local_t commit;\toffset:8;\tsize:${longSize};\tsigned:1;\n`,
    '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n',
    `\tfield: char data;\toffset:${8 + longSize};\tsize:${pageSize - 8 - longSize};\tsigned:0;\n`,
  ].join('');
  const event =
    '# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n' +
    '\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n' +
    '\ttime_stamp : type == 31\n\tdata max type_len  == 28\n';
  return new ByteWriter(content.littleEndian)
    .cString('header_page')
    .bytes(sized64(content, page))
    .cString('header_event')
    .bytes(sized64(content, event))
    .finish();
}

function ftraceEvents(content: TraceDatContent): Uint8Array {
  const formats = content.formats.filter((format) => format.system === 'ftrace');
  const out = new ByteWriter(content.littleEndian).u32(formats.length);
  for (const format of formats) out.bytes(sized64(content, format.text));
  return out.finish();
}

function eventFormats(content: TraceDatContent): Uint8Array {
  const bySystem = new Map<string, WriterFormat[]>();
  for (const format of content.formats) {
    if (format.system === 'ftrace') continue;
    bySystem.set(format.system, [...(bySystem.get(format.system) ?? []), format]);
  }
  const out = new ByteWriter(content.littleEndian).u32(bySystem.size);
  for (const [system, formats] of bySystem) {
    out.cString(system).u32(formats.length);
    for (const format of formats) out.bytes(sized64(content, format.text));
  }
  return out.finish();
}

function sized32(content: TraceDatContent, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return new ByteWriter(content.littleEndian).u32(bytes.length).bytes(bytes).finish();
}

function sized64(content: TraceDatContent, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return new ByteWriter(content.littleEndian).u64(bytes.length).bytes(bytes).finish();
}
