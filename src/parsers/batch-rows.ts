import type { EventBatch, Fields } from './parser.ts';

/** The columns every batch has. One object serves a whole capture: its rows are gone with the next. */
export abstract class BatchRows implements EventBatch {
  length = 0;
  readonly id: Float64Array;
  readonly ts: Float64Array;
  readonly cpu: Int32Array;
  readonly tid: Int32Array;
  readonly type: Int32Array;
  readonly buffer: Int32Array;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.id = new Float64Array(capacity);
    this.ts = new Float64Array(capacity);
    this.cpu = new Int32Array(capacity);
    this.tid = new Int32Array(capacity);
    this.type = new Int32Array(capacity);
    this.buffer = new Int32Array(capacity);
  }

  get isFull(): boolean {
    return this.length === this.#capacity;
  }

  abstract fields(i: number): Fields;
  abstract flags(i: number): number;
}
