import type { EventBatch, Fields } from '../parser.ts';
import { cpuOf, type LogRecord, tidOf } from './log-record.ts';

const CAPACITY = 4096;

/** The columns of a batch; one object serves the whole capture. */
export class LogRows implements EventBatch {
  length = 0;
  readonly id: Float64Array = new Float64Array(CAPACITY);
  readonly ts: Float64Array = new Float64Array(CAPACITY);
  readonly cpu: Int32Array = new Int32Array(CAPACITY);
  readonly tid: Int32Array = new Int32Array(CAPACITY);
  /** There is one event type. */
  readonly type: Int32Array = new Int32Array(CAPACITY);
  readonly buffer: Int32Array = new Int32Array(CAPACITY);
  readonly #records: (LogRecord | undefined)[] = [];

  get isFull(): boolean {
    return this.length === CAPACITY;
  }

  add(record: LogRecord, id: number, ts: number, boot: number): void {
    const row = this.length++;
    const { caller } = record;
    this.id[row] = id;
    this.ts[row] = ts;
    this.cpu[row] = cpuOf(caller);
    this.tid[row] = tidOf(caller);
    this.buffer[row] = boot;
    this.#records[row] = record;
  }

  fields(i: number): Fields {
    const record = this.#records[i];
    if (!record) return {};
    const fields: Record<string, string | number> = { msg: record.msg };
    if (record.level >= 0) fields.level = record.level;
    if (record.caller !== '') fields.caller = record.caller;
    return fields;
  }

  flags(): number {
    return 0;
  }
}
