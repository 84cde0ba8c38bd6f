import { TraceError } from '../../errors.ts';
import { BatchRows } from '../batch-rows.ts';
import type {
  Capture,
  CaptureHeader,
  EventBatch,
  EventType,
  EventTypeCount,
  Fields,
  Problem,
  ReadOptions,
} from '../parser.ts';
import { ProblemLog } from '../problem-log.ts';
import { progressOf, wantedTypes } from '../read-options.ts';
import { textOf } from './cell.ts';
import { COMMON, type Column, CsvEventType, columnsOf } from './csv-columns.ts';
import { CsvRows, type RowTrouble } from './csv-rows.ts';

const CAPACITY = 4096;
const MOST_CPUS = 65_535;
const MOST_TID = 0x7fff_ffff;
const NANOSECONDS = /^\d{1,18}$/;
const SECONDS = /^(\d{1,9})\.(\d{1,9})$/;

/** @throws TraceError when the file holds no event. */
export function openCsv(path: string): Capture {
  const rows = new CsvRows(path);
  try {
    return new CsvCapture(path, rows);
  } catch (error) {
    rows.close();
    throw error;
  }
}

/** What every row has. */
interface Place {
  readonly ts: bigint;
  readonly cpu: number;
  readonly tid: number;
  readonly comm: string;
  readonly event: string;
}

/** Text has no table of contents: it is read once for types and the first time, once for the rows. */
class CsvCapture implements Capture {
  readonly header: CaptureHeader;
  readonly counts: readonly EventTypeCount[];
  readonly losses: readonly never[] = [];
  readonly #log = new ProblemLog();
  readonly #rows: CsvRows;
  readonly #types = new Map<string, CsvEventType>();
  readonly #comms = new Map<number, string>();
  #width = 0;
  /** Rows, and those left out. */
  readonly #lines = { total: 0, unrecognised: 0 };
  #isWalked = false;

  constructor(path: string, rows: CsvRows) {
    this.#rows = rows;
    const { base, cpus } = this.#survey();
    if (base === undefined) {
      throw new TraceError(`${path} holds no row that is an event`, {
        hint: `each row needs ${COMMON.join(', ')}: ts in ns, or in seconds with a dot`,
      });
    }
    this.counts = [...this.#types.values()].map(({ events, first, last }) => ({
      events,
      first: Number(first - base),
      last: Number(last - base),
    }));
    const list = [...cpus].sort((a, b) => a - b);
    this.header = {
      format: 'csv',
      version: 'text',
      // text has no byte order
      endian: 'little',
      clock: { name: 'unknown', unit: 'ns', base },
      cpus: (list.at(-1) ?? -1) + 1,
      buffers: [{ name: '', clock: 'unknown', cpus: list }],
      eventTypes: [...this.#types.values()].map((type) => type.eventType()),
      sizeBytes: rows.size,
      lines: this.#lines,
      facts: {},
    };
  }

  get problems(): readonly Problem[] {
    return this.#log.list;
  }

  *batches(options: ReadOptions = {}): Generator<EventBatch, void, undefined> {
    if (this.#isWalked) throw new Error('the batches of a capture can be walked once');
    this.#isWalked = true;
    const rows = new CsvBatch();
    const wanted = wantedTypes(this.header.eventTypes, options);
    const { base } = this.header.clock;
    let ordinal = 0;
    const progress = progressOf(() => this.#rows.consumed, options);
    for (const cells of this.#events(SILENT)) {
      const place = placeOf(cells, this.#width);
      const type = place && this.#types.get(place.event);
      if (!type) continue;
      ordinal++;
      if (wanted[type.index]) rows.add(place, type, cells, ordinal, Number(place.ts - base));
      progress();
      if (!rows.isFull) continue;
      yield rows;
      rows.length = 0;
    }
    if (rows.length > 0) yield rows;
  }

  comm(tid: number): string | undefined {
    return this.#comms.get(tid);
  }

  symbol(): undefined {
    return undefined;
  }

  print(_type: EventType, fields: Fields): string {
    return Object.entries(fields)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' ');
  }

  close(): void {
    this.#rows.close();
  }

  /** The rows below the heading that are not empty. */
  *#events(trouble: RowTrouble, heading?: (cells: string[]) => void): Generator<string[]> {
    let isHeading = true;
    for (const cells of this.#rows.walk(trouble)) {
      if (isHeading) heading?.(cells);
      else if (cells.length > 1 || cells[0] !== '') yield cells;
      isHeading = false;
    }
  }

  #survey(): { base: bigint | undefined; cpus: Set<number> } {
    let columns: Column[] = [];
    let base: bigint | undefined;
    let last = 0n;
    const cpus = new Set<number>();
    const rows = this.#events(this.#trouble(), (headings) => {
      this.#width = headings.length;
      columns = columnsOf(headings);
      const unusable = headings.length - COMMON.length - columns.length;
      if (unusable > 0) this.#problem(UNUSABLE, unusable);
    });
    for (const cells of rows) {
      const place = placeOf(cells, this.#width);
      this.#lines.total++;
      if (!place) {
        this.#lines.unrecognised++;
        this.#problem(MALFORMED);
        continue;
      }
      if (place.ts < last) this.#problem(UNORDERED);
      last = place.ts;
      if (base === undefined || last < base) base = last;
      if (place.cpu >= 0) cpus.add(place.cpu);
      this.#count(place).learn(cells, columns);
    }
    return { base, cpus };
  }

  #count({ event, ts, tid, comm }: Place): CsvEventType {
    let type = this.#types.get(event);
    if (!type) {
      type = new CsvEventType(this.#types.size, event);
      this.#types.set(event, type);
    }
    type.see(ts);
    if (comm !== '') this.#comms.set(tid, comm);
    return type;
  }

  #trouble(): RowTrouble {
    return { tooLong: () => this.#problem(ENDLESS), cut: () => this.#problem(CUT) };
  }

  #problem({ code, severity, message }: Omit<Problem, 'count'>, count = 1): void {
    this.#log.add(code, severity, message, { count });
  }
}

const SILENT: RowTrouble = { tooLong: () => {}, cut: () => {} };

const MALFORMED: Omit<Problem, 'count'> = {
  code: 'malformed-row',
  severity: 'data-loss',
  message: 'a row has no usable ts, cpu, tid or event, or too many cells: it is left out',
};
const UNUSABLE: Omit<Problem, 'count'> = {
  code: 'unusable-column',
  severity: 'data-loss',
  message: 'a column has no name, or one no field can have: it is left out',
};
const UNORDERED: Omit<Problem, 'count'> = {
  code: 'out-of-order',
  severity: 'info',
  message: 'a row is earlier than the one before it; the order of the file is kept',
};
const ENDLESS: Omit<Problem, 'count'> = {
  code: 'row-too-long',
  severity: 'data-loss',
  message: 'a quoted cell does not end within 8 MiB: what it took in is left out',
};
const CUT: Omit<Problem, 'count'> = {
  code: 'cut-row',
  severity: 'data-loss',
  message: 'the last row breaks off: it is left out',
};

function placeOf(cells: readonly string[], width: number): Place | undefined {
  const [time = '', cpuCell = '', tidCell = '', comm = '', event = ''] = cells;
  const ts = timeOf(time);
  // -1: events of a GPU are on no CPU
  const cpu = integerIn(cpuCell, -1, MOST_CPUS);
  const tid = integerIn(tidCell, -1, MOST_TID);
  if (ts === undefined || cpu === undefined || tid === undefined) return undefined;
  if (event === '' || cells.length > width) return undefined;
  return { ts, cpu, tid, comm: textOf(comm), event: textOf(event) };
}

function timeOf(cell: string): bigint | undefined {
  if (NANOSECONDS.test(cell)) return BigInt(cell);
  const [, seconds, fraction] = SECONDS.exec(cell) ?? [];
  if (seconds === undefined || fraction === undefined) return undefined;
  return BigInt(seconds + fraction.padEnd(9, '0'));
}

function integerIn(cell: string, least: number, most: number): number | undefined {
  if (!/^-?\d{1,10}$/.test(cell)) return undefined;
  const value = Number(cell);
  return value >= least && value <= most ? value : undefined;
}

class CsvBatch extends BatchRows {
  readonly #types: CsvEventType[] = [];
  readonly #cells: (readonly string[])[] = [];

  constructor() {
    super(CAPACITY);
  }

  add(place: Place, type: CsvEventType, cells: readonly string[], id: number, ts: number): void {
    const row = this.length++;
    this.id[row] = id;
    this.ts[row] = ts;
    this.cpu[row] = place.cpu;
    this.tid[row] = place.tid;
    this.type[row] = type.index;
    this.#types[row] = type;
    this.#cells[row] = cells;
  }

  fields(i: number): Fields {
    return this.#types[i]?.read(this.#cells[i] ?? []) ?? {};
  }

  flags(): number {
    return 0;
  }
}
