import { BatchRows } from '../batch-rows.ts';
import type { Decode } from '../event-format/decoder.ts';
import type { Fields } from '../parser.ts';
import type { CpuStream } from './cpu-stream.ts';

const CAPACITY = 8192;

/** Where the common fields of every record stand (struct trace_entry, include/linux/trace_events.h). */
export interface CommonFields {
  readonly pid: number;
  readonly flags: number;
  readonly preemptCount: number;
}

/** The records of a batch, decoded when asked for. */
export class Rows extends BatchRows {
  readonly #views: DataView[] = [];
  readonly #heads = new Int32Array(CAPACITY);
  readonly #sizes = new Int32Array(CAPACITY);
  readonly #common: CommonFields;
  readonly #decoderOf: (type: number) => Decode;
  readonly #decoders: (Decode | undefined)[] = [];

  constructor(common: CommonFields, decoderOf: (type: number) => Decode) {
    super(CAPACITY);
    this.#common = common;
    this.#decoderOf = decoderOf;
  }

  add(stream: CpuStream, type: number, ordinal: number): void {
    const row = this.length++;
    const { shape, view, head, headSize } = stream;
    this.id[row] = ordinal;
    this.ts[row] = stream.time;
    this.cpu[row] = shape.cpu;
    this.type[row] = type;
    this.buffer[row] = shape.buffer;
    this.#views[row] = view;
    this.#heads[row] = head;
    this.#sizes[row] = headSize;
    const { pid } = this.#common;
    this.tid[row] = headSize >= pid + 4 ? view.getInt32(head + pid, shape.littleEndian) : -1;
  }

  fields(i: number): Fields {
    const type = this.type[i] as number;
    let decode = this.#decoders[type];
    if (!decode) {
      decode = this.#decoderOf(type);
      this.#decoders[type] = decode;
    }
    return decode(this.#views[i] as DataView, this.#heads[i] as number, this.#sizes[i] as number);
  }

  flags(i: number): number {
    const { flags, preemptCount } = this.#common;
    const view = this.#views[i] as DataView;
    const head = this.#heads[i] as number;
    if ((this.#sizes[i] as number) <= Math.max(flags, preemptCount)) return 0;
    return view.getUint8(head + flags) | (view.getUint8(head + preemptCount) << 8);
  }
}
