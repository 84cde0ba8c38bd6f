import { BatchRows } from '../batch-rows.ts';
import type { Fields } from '../parser.ts';
import { cpuOf, type LogRecord, tidOf } from './log-record.ts';

const CAPACITY = 4096;

/** The records of a batch. There is one event type. */
export class LogRows extends BatchRows {
  readonly #records: (LogRecord | undefined)[] = [];

  constructor() {
    super(CAPACITY);
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
