import { BatchRows } from '../batch-rows.ts';
import type { Fields } from '../parser.ts';
import type { CallEvent } from './call-assembler.ts';
import type { TextEventType } from './event-registry.ts';
import type { Line } from './line.ts';
import { payloadText } from './payload-text.ts';

const CAPACITY = 8192;

/** The lines of a batch, read when their fields are asked for. */
export class TextRows extends BatchRows {
  readonly #flags = new Int32Array(CAPACITY);
  readonly #starts = new Int32Array(CAPACITY);
  readonly #ends = new Int32Array(CAPACITY);
  readonly #types: (TextEventType | undefined)[] = [];
  readonly #made: (Fields | undefined)[] = [];
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    super(CAPACITY);
    this.#bytes = bytes;
  }

  add(line: Line, type: TextEventType, id: number, ts: number, buffer: number): void {
    const row = this.#place(line, type, id, ts, buffer);
    this.#starts[row] = line.payloadStart;
    this.#ends[row] = line.payloadEnd;
    this.#made[row] = undefined;
  }

  addMade(event: CallEvent, type: TextEventType, id: number, ts: number): void {
    this.#made[this.#place(event, type, id, ts, 0)] = event.fields;
  }

  fields(i: number): Fields {
    const made = this.#made[i];
    if (made) return made;
    const type = this.#types[i] as TextEventType;
    return type.read(payloadText(this.#bytes, this.#starts[i] as number, this.#ends[i] as number));
  }

  flags(i: number): number {
    return this.#flags[i] as number;
  }

  #place(
    { cpu, tid, flags }: { readonly cpu: number; readonly tid: number; readonly flags: number },
    type: TextEventType,
    id: number,
    ts: number,
    buffer: number,
  ): number {
    const row = this.length++;
    this.id[row] = id;
    this.ts[row] = ts;
    this.cpu[row] = cpu;
    this.tid[row] = tid;
    this.type[row] = type.index;
    this.buffer[row] = buffer;
    this.#flags[row] = flags;
    this.#types[row] = type;
    return row;
  }
}
