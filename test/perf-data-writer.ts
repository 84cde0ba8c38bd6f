/** Writes perf.data files and pipes, for what no recording at hand has. */
import { ByteWriter } from './scenario/byte-writer.ts';
import type { WriterFormat } from './scenario/kernel-formats.ts';

/** PERF_SAMPLE_*, written out so that a mistake in the reader's own table cannot cancel itself out. */
export const BIT = {
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

export const DEFAULT_SAMPLE: number =
  BIT.ip | BIT.tid | BIT.time | BIT.cpu | BIT.period | BIT.raw | BIT.identifier;

/** events/header_page; perf refuses an empty one. */
const PAGE_TEXT =
  '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n' +
  '\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n' +
  '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n' +
  '\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n';

export interface WriterOptions {
  readonly formats: readonly WriterFormat[];
  readonly littleEndian?: boolean;
  readonly isPipe?: boolean;
  readonly sampleType?: number;
  readonly readFormat?: number;
  /** Bytes of struct perf_event_attr. */
  readonly attributeSize?: number;
  readonly sampleIdAll?: boolean;
  readonly clockId?: number;
  readonly enableOnExec?: boolean;
  readonly period?: number;
  /** perf.type of all events; 2 are tracepoints. */
  readonly type?: number;
  /** As a recorder that died leaves the file. */
  readonly isUnfinished?: boolean;
  /** The `data` of a directory; `takeRecords` gives what stands in the other files. */
  readonly isDirectory?: boolean;
}

export interface WriterSample {
  readonly format: WriterFormat;
  readonly cpu: number;
  readonly tid: number;
  readonly time: number | bigint;
  readonly raw: Uint8Array;
  readonly chain?: readonly bigint[];
}

export class PerfDataWriter {
  readonly #options: WriterOptions;
  readonly #little: boolean;
  readonly #sampleType: number;
  #data: ByteWriter;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#little = options.littleEndian ?? true;
    this.#sampleType = options.sampleType ?? DEFAULT_SAMPLE;
    this.#data = new ByteWriter(this.#little);
  }

  /** Id of a format's event; every event has one. */
  idOf(format: WriterFormat): number {
    return 100 + this.#options.formats.indexOf(format);
  }

  sample({ format, cpu, tid, time, raw, chain = [] }: WriterSample): this {
    const body = new ByteWriter(this.#little);
    const word = (bit: number, write: () => void) => {
      if ((this.#sampleType & bit) !== 0) write();
    };
    const id = this.idOf(format);
    word(BIT.identifier, () => body.u64(id));
    word(BIT.ip, () => body.u64(0xffffffff81000000n));
    word(BIT.tid, () => body.u32(tid).u32(tid));
    word(BIT.time, () => body.u64(time));
    word(BIT.addr, () => body.u64(0x1234));
    word(BIT.id, () => body.u64(id));
    word(BIT.streamId, () => body.u64(77));
    word(BIT.cpu, () => body.u32(cpu).u32(0));
    word(BIT.period, () => body.u64(1));
    word(BIT.read, () => this.#read(body, id));
    word(BIT.callchain, () => {
      body.u64(chain.length);
      for (const address of chain) body.u64(address);
    });
    word(BIT.raw, () => {
      // the kernel pads so that the record, not the raw data, ends at a word
      const padded = Math.ceil((raw.length + 4) / 8) * 8 - 4;
      body
        .u32(padded)
        .bytes(raw)
        .bytes(new Uint8Array(padded - raw.length));
    });
    return this.record(9, body.finish());
  }

  comm(tid: number, comm: string, time: number, cpu = 0): this {
    const body = new ByteWriter(this.#little).u32(tid).u32(tid).cString(comm).align(8);
    return this.#withTrailer(3, body, { tid, time, cpu, id: 100 });
  }

  fork(tid: number, parent: number, time: number, cpu = 0): this {
    const body = new ByteWriter(this.#little).u32(tid).u32(parent).u32(tid).u32(parent).u64(time);
    return this.#withTrailer(7, body, { tid, time, cpu, id: 100 });
  }

  map(
    pid: number,
    mapping: { readonly start: bigint; readonly size: bigint; readonly name: string },
    time: number,
  ): this {
    const body = new ByteWriter(this.#little).u32(pid).u32(pid);
    body.u64(mapping.start).u64(mapping.size).u64(0).cString(mapping.name).align(8);
    return this.#withTrailer(1, body, { tid: pid, time, cpu: 0, id: 100 });
  }

  lost(format: WriterFormat, events: number, time: number, cpu: number): this {
    const id = this.idOf(format);
    const body = new ByteWriter(this.#little).u64(id).u64(events);
    return this.#withTrailer(2, body, { tid: 1, time, cpu, id });
  }

  lostSamples(format: WriterFormat, events: number, misc = 0): this {
    const body = new ByteWriter(this.#little).u64(events);
    return this.#withTrailer(13, body, { tid: 0, time: 0, cpu: 0, id: this.idOf(format) }, misc);
  }

  /** Which CPU each event's id counts on. */
  idIndex(cpus: readonly number[]): this {
    const body = new ByteWriter(this.#little).u64(cpus.length);
    cpus.forEach((cpu, n) => {
      body
        .u64(100 + n)
        .u64(n)
        .u64(cpu)
        .u64(-1);
    });
    return this.record(69, body.finish());
  }

  threadMap(tids: readonly number[]): this {
    const body = new ByteWriter(this.#little).u64(tids.length);
    for (const tid of tids) body.u64(tid).bytes(new Uint8Array(16));
    return this.record(73, body.finish());
  }

  round(): this {
    return this.record(68, new Uint8Array(0));
  }

  record(type: number, body: Uint8Array, misc = 0, size: number = 8 + body.length): this {
    this.#data
      .u32(type)
      .u16(misc)
      .u16(size & 0xffff)
      .bytes(body);
    return this;
  }

  /** Bytes that belong to no record, as they follow AUXTRACE. */
  bytes(bytes: Uint8Array): this {
    this.#data.bytes(bytes);
    return this;
  }

  /** Takes all records written so far out again, to be written compressed. */
  takeRecords(): Uint8Array {
    const bytes = this.#data.finish().slice();
    this.#data = new ByteWriter(this.#little);
    return bytes;
  }

  finish(): Uint8Array {
    return this.#options.isPipe ? this.#pipe() : this.#file();
  }

  #read(body: ByteWriter, id: number): void {
    const format = this.#options.readFormat ?? 0;
    const isGroup = (format & 8) !== 0;
    const values = isGroup ? 3 : 1;
    if (isGroup) body.u64(values);
    else body.u64(1);
    if ((format & 1) !== 0) body.u64(10);
    if ((format & 2) !== 0) body.u64(11);
    for (let n = 0; n < values; n++) {
      if (isGroup) body.u64(1);
      if ((format & 4) !== 0) body.u64(id);
      if ((format & 16) !== 0) body.u64(0);
    }
  }

  #withTrailer(
    type: number,
    body: ByteWriter,
    { tid, time, cpu, id }: { tid: number; time: number; cpu: number; id: number },
    misc = 0,
  ): this {
    const has = (bit: number) => (this.#sampleType & bit) !== 0;
    if (this.#options.sampleIdAll ?? true) {
      if (has(BIT.tid)) body.u32(tid).u32(tid);
      if (has(BIT.time)) body.u64(time);
      if (has(BIT.id)) body.u64(id);
      if (has(BIT.streamId)) body.u64(77);
      if (has(BIT.cpu)) body.u32(cpu).u32(0);
      if (has(BIT.identifier)) body.u64(id);
    }
    return this.record(type, body.finish(), misc);
  }

  #attribute(format: WriterFormat): Uint8Array {
    const size = this.#options.attributeSize ?? 136;
    const bytes = new Uint8Array(Math.max(size, 136));
    const view = new DataView(bytes.buffer);
    const little = this.#little;
    view.setUint32(0, this.#options.type ?? 2, little);
    view.setUint32(4, size, little);
    view.setBigUint64(8, BigInt(format.id), little);
    view.setBigUint64(16, BigInt(this.#options.period ?? 1), little);
    view.setBigUint64(24, BigInt(this.#sampleType), little);
    view.setBigUint64(32, BigInt(this.#options.readFormat ?? 0), little);
    const flag = (bit: number) => {
      const at = 40 + (bit >> 3);
      bytes[at] = (bytes[at] as number) | (1 << (little ? bit & 7 : 7 - (bit & 7)));
    };
    if (this.#options.sampleIdAll ?? true) flag(18);
    if (this.#options.enableOnExec) flag(12);
    if (this.#options.clockId !== undefined) {
      flag(25);
      view.setInt32(92, this.#options.clockId, little);
    }
    // what a newer perf writes behind the fields we know must change nothing
    if (size > 136) bytes.fill(0xee, 136);
    return bytes.subarray(0, size);
  }

  #tracingData(): Uint8Array {
    const writer = new ByteWriter(this.#little);
    writer
      .bytes(Uint8Array.of(0x17, 0x08, 0x44))
      .text('tracing')
      .cString('0.6');
    writer
      .u8(this.#little ? 0 : 1)
      .u8(8)
      .u32(4096);
    for (const name of ['header_page', 'header_event']) {
      writer.cString(name).u64(PAGE_TEXT.length).text(PAGE_TEXT);
    }
    const bySystem = grouped(this.#options.formats);
    writer.u32(0).u32(bySystem.size);
    for (const [system, formats] of bySystem) {
      writer.cString(system).u32(formats.length);
      for (const { text } of formats) writer.u64(text.length).text(text);
    }
    return writer.u32(0).u32(0).u64(0).finish();
  }

  #file(): Uint8Array {
    const { formats } = this.#options;
    const attributes = formats.map((format) => this.#attribute(format));
    const attributeSize = attributes[0]?.length ?? 64;
    const ids = 104;
    const attrs = ids + formats.length * 8;
    const entry = attributeSize + 16;
    const start = attrs + formats.length * entry;
    const data = this.#data.finish();
    const out = new ByteWriter(this.#little);
    const isFinished = !this.#options.isUnfinished;
    out
      .text(this.#little ? 'PERFILE2' : '2ELIFREP')
      .u64(104)
      .u64(entry);
    out.u64(attrs).u64(formats.length * entry);
    out
      .u64(start)
      .u64(isFinished ? data.length : 0)
      .u64(0)
      .u64(0);
    out
      .u64((1 << 1) | (1 << 3) | (1 << 5) | (this.#options.isDirectory ? 1 << 24 : 0))
      .u64(0)
      .u64(0)
      .u64(0);
    for (const format of formats) out.u64(this.idOf(format));
    attributes.forEach((attribute, n) => {
      out
        .bytes(attribute)
        .u64(ids + n * 8)
        .u64(8);
    });
    out.bytes(data);
    if (!isFinished) return out.finish();
    const features = [this.#tracingData(), this.#string('host'), this.#string('6.12.1')];
    if (this.#options.isDirectory) features.push(new ByteWriter(this.#little).u64(1).finish());
    let at = out.length + features.length * 16;
    for (const feature of features) {
      out.u64(at).u64(feature.length);
      at += feature.length;
    }
    for (const feature of features) out.bytes(feature);
    return out.finish();
  }

  #string(text: string): Uint8Array {
    const length = Math.ceil((text.length + 1) / 64) * 64;
    const padding = new Uint8Array(length - text.length);
    return new ByteWriter(this.#little).u32(length).text(text).bytes(padding).finish();
  }

  #pipe(): Uint8Array {
    const records = this.takeRecords();
    for (const format of this.#options.formats) {
      const body = new ByteWriter(this.#little)
        .bytes(this.#attribute(format))
        .u64(this.idOf(format));
      this.record(64, body.finish());
    }
    const tracing = new ByteWriter(this.#little).bytes(this.#tracingData()).align(8).finish();
    // the record itself is 12 bytes long; the data follows it
    this.record(66, new ByteWriter(this.#little).u32(tracing.length).finish());
    this.bytes(tracing);
    const out = new ByteWriter(this.#little);
    out
      .text(this.#little ? 'PERFILE2' : '2ELIFREP')
      .u64(16)
      .bytes(this.#data.finish());
    return out.bytes(records).finish();
  }
}

function grouped(formats: readonly WriterFormat[]): Map<string, WriterFormat[]> {
  const groups = new Map<string, WriterFormat[]>();
  for (const format of formats) {
    const group = groups.get(format.system) ?? [];
    group.push(format);
    groups.set(format.system, group);
  }
  return groups;
}

/** A zstd stream of blocks that are not compressed, as far as it goes: perf never ends its frame. */
export function zstdStream(bytes: Uint8Array): Uint8Array {
  const out = new ByteWriter(true).bytes(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58));
  for (let at = 0; at < bytes.length; at += 100_000) {
    const block = bytes.subarray(at, at + 100_000);
    const header = block.length << 3;
    out
      .u8(header & 0xff)
      .u16(header >> 8)
      .bytes(block);
  }
  return out.finish();
}
