import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { TraceError } from '../errors.ts';
import { cellOf, EVENT_TEXT, headingOf } from '../parsers/csv/cell.ts';
import { COMMON } from '../parsers/csv/csv-columns.ts';
import { eventTypeName } from '../store/event-view.ts';
import { walkEvents } from '../store/event-walk.ts';
import { openStore, type StoreReader } from '../store/reader.ts';
import { storeError } from '../store/store-error.ts';
import { type StoredEvent, storedEventTables } from '../store/stored-events.ts';
import { type QuietArguments, withQuiet } from './common.ts';
import { csvLines } from './csv-lines.ts';
import { notice, print } from './terminal.ts';
import { checkOutput } from './write-file.ts';

interface ExportArguments extends QuietArguments {
  readonly db: string;
  readonly csv: string;
}

/** Rows written at once. */
const CHUNK = 1000;

export const exportCommand: CommandModule<object, ExportArguments> = {
  command: 'export <db>',
  describe: 'Write the events of a database to a file svm-trace can read again',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('db', {
        type: 'string',
        demandOption: true,
        describe: 'Database made by analyze -o; with --events all it holds every event',
      })
      .option('csv', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'CSV file to write; - is standard output',
      })
      .example('$0 export trace.db --csv trace.csv', 'events for a spreadsheet, formulae disarmed'),
  handler: run,
};

async function run(args: ExportArguments): Promise<void> {
  const store = openStore(args.db);
  try {
    if (args.csv === '-') {
      for await (const text of csvText(store)) print(text);
      return;
    }
    checkOutput(args.csv, [args.db]);
    await writeFile(args.csv, csvText(store));
    notice(`wrote ${args.csv}`, args.quiet);
  } finally {
    store.close();
  }
}

/** A whole file or none. */
async function writeFile(path: string, pieces: AsyncIterable<string>): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, 'w');
    try {
      for await (const piece of pieces) {
        const bytes = Buffer.from(piece);
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      }
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw storeError(error, path);
  }
}

/**
 * The stored events as CSV in the order of time, in pieces.
 * @throws TraceError when their times are no ns.
 */
export async function* csvText(store: StoreReader): AsyncGenerator<string, void, undefined> {
  const base = clockBase(store);
  const places = new Map<string, number>();
  const occurring = new Set(
    store.all<{ id: number }>('SELECT id FROM event_type WHERE events > 0').map(({ id }) => id),
  );
  for (const { columns, type } of storedEventTables(store)) {
    if (!occurring.has(type.index)) continue;
    for (const { field } of columns) {
      const heading = headingOf(field.name, field.kind);
      if (!places.has(heading)) places.set(heading, COMMON.length + places.size);
    }
  }
  yield await csvLines([[...COMMON, ...places.keys()]], EVENT_TEXT);
  const comm = commsOf(store);
  let rows: unknown[][] = [];
  for (const event of walkEvents(store)) {
    rows.push(rowOf(event, base, comm(event), places));
    if (rows.length < CHUNK) continue;
    yield await csvLines(rows, EVENT_TEXT);
    rows = [];
  }
  if (rows.length > 0) yield await csvLines(rows, EVENT_TEXT);
}

function rowOf(
  { ts, cpu, tid, type, fields }: StoredEvent,
  base: bigint,
  comm: string | undefined,
  places: ReadonlyMap<string, number>,
): unknown[] {
  const row: unknown[] = new Array(COMMON.length + places.size).fill(null);
  [base + BigInt(ts), cpu, tid, comm, eventTypeName(type)].forEach((value, n) => {
    row[n] = value;
  });
  for (const { name, kind } of type.fields) {
    const place = places.get(headingOf(name, kind));
    if (place !== undefined) row[place] = cellOf(fields[name]);
  }
  return row;
}

function clockBase(store: StoreReader): bigint {
  const [clock] = store.all<{ base: string; unit: string }>(
    'SELECT clock_base AS base, clock_unit AS unit FROM capture',
  );
  if (clock?.unit === 'ns') return BigInt(clock.base);
  throw new TraceError('the times of this capture are ticks of unknown length', {
    hint: 'CSV holds nanoseconds: record with another trace clock',
  });
}

/** Names of threads as their lifetimes have them: the one that had the tid at the time. */
function commsOf(store: StoreReader): (event: StoredEvent) => string | undefined {
  const tasks = store.all<{ tid: number; comm: string; start: number | null }>(
    'SELECT tid, comm, start_ts AS start FROM task WHERE comm IS NOT NULL ORDER BY generation',
  );
  const byTid = new Map<number, { comm: string; start: number | null }[]>();
  for (const { tid, ...task } of tasks) {
    const known = byTid.get(tid);
    if (known) known.push(task);
    else byTid.set(tid, [task]);
  }
  return ({ tid, ts }) => {
    const known = byTid.get(tid);
    return (known?.findLast(({ start }) => (start ?? 0) <= ts) ?? known?.[0])?.comm;
  };
}
