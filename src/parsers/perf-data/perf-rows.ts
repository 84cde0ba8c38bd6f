import { BatchRows } from '../batch-rows.ts';
import type { Decode } from '../event-format/decoder.ts';
import type { Caller, Fields } from '../parser.ts';
import type { CommonFields } from '../trace-dat/rows.ts';
import { readU64 } from './attribute.ts';
import type { EventQueue } from './event-queue.ts';
import type { Chunk } from './kept-bytes.ts';
import type { Mappings } from './mappings.ts';
import type { ThreadChange } from './thread-names.ts';

const CAPACITY = 8192;
const WORD = 8;
/** Longer than any chain the kernel writes (perf_event_max_stack); bounds a damaged count. */
const LONGEST_CHAIN = 4096;
/** Values at the end of the address space mark whose part of the chain follows (PERF_CONTEXT_*). */
const FIRST_MARK = 0xffff_ffff_ffff_f001n;
const KERNEL_MARK = 0xffff_ffff_ffff_ff80n;

/** The records of a batch, decoded when asked for. */
export class PerfRows extends BatchRows {
  readonly #chunks: Chunk[] = [];
  readonly #rawAt = new Int32Array(CAPACITY);
  readonly #rawSize = new Int32Array(CAPACITY);
  readonly #chainAt = new Int32Array(CAPACITY);
  readonly #common: CommonFields;
  readonly #littleEndian: boolean;
  readonly #mappings: Mappings;
  readonly #decoderOf: (type: number) => Decode;
  readonly #decoders: (Decode | undefined)[] = [];

  constructor(
    common: CommonFields,
    littleEndian: boolean,
    mappings: Mappings,
    decoderOf: (type: number) => Decode,
  ) {
    super(CAPACITY);
    this.#mappings = mappings;
    this.#common = common;
    this.#littleEndian = littleEndian;
    this.#decoderOf = decoderOf;
  }

  /** Takes over row `from` of the queue, and its use of the chunk its record is in. */
  add(
    { columns }: EventQueue,
    from: number,
    chunk: Chunk,
    place: { readonly id: number; readonly ts: number; readonly type: number },
  ): void {
    const row = this.length++;
    this.id[row] = place.id;
    this.ts[row] = place.ts;
    this.type[row] = place.type;
    this.cpu[row] = columns.cpu[from] as number;
    this.#chunks[row] = chunk;
    this.#rawAt[row] = columns.rawAt[from] as number;
    this.#rawSize[row] = columns.rawSize[from] as number;
    this.#chainAt[row] = columns.chainAt[from] as number;
    const tid = columns.tid[from] as number;
    this.tid[row] = tid < 0 ? this.#commonPid(row) : tid;
  }

  /** Whether what a change alters may be asked of an event in hand. */
  concerns(change: ThreadChange): boolean {
    if (change.kind === 'map') return this.length > 0;
    return this.tid.subarray(0, this.length).includes(change.tid);
  }

  /** Lets go of the records. */
  clear(): void {
    for (let row = 0; row < this.length; row++) (this.#chunks[row] as Chunk).release();
    this.length = 0;
  }

  fields(i: number): Fields {
    const type = this.type[i] as number;
    let decode = this.#decoders[type];
    if (!decode) {
      decode = this.#decoderOf(type);
      this.#decoders[type] = decode;
    }
    return decode(
      (this.#chunks[i] as Chunk).view,
      this.#rawAt[i] as number,
      this.#rawSize[i] as number,
    );
  }

  flags(i: number): number {
    const { flags, preemptCount } = this.#common;
    if ((this.#rawSize[i] as number) <= Math.max(flags, preemptCount)) return 0;
    const view = (this.#chunks[i] as Chunk).view;
    const at = this.#rawAt[i] as number;
    return view.getUint8(at + flags) | (view.getUint8(at + preemptCount) << 8);
  }

  callchain(i: number): readonly Caller[] {
    const at = this.#chainAt[i] as number;
    if (at < 0) return [];
    const { view } = this.#chunks[i] as Chunk;
    const count = Math.min(LONGEST_CHAIN, readU64(view, at, this.#littleEndian));
    const callers: Caller[] = [];
    let isKernel = true;
    for (let n = 1; n <= count; n++) {
      const address = view.getBigUint64(at + n * WORD, this.#littleEndian);
      if (address >= FIRST_MARK) isKernel = address === KERNEL_MARK;
      else callers.push(this.#caller(this.tid[i] as number, address, isKernel));
    }
    return callers;
  }

  #caller(tid: number, address: bigint, isKernel: boolean): Caller {
    const file = isKernel
      ? this.#mappings.kernelFile(address)
      : this.#mappings.userFile(tid, address);
    return file === undefined ? { address, isKernel } : { address, isKernel, file };
  }

  /** The kernel has no thread id left for a task that is already gone; the record still has. */
  #commonPid(row: number): number {
    const { pid } = this.#common;
    if ((this.#rawSize[row] as number) < pid + 4) return -1;
    const at = (this.#rawAt[row] as number) + pid;
    return (this.#chunks[row] as Chunk).view.getInt32(at, this.#littleEndian);
  }
}
