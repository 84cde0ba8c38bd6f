import type { CommandModule } from 'yargs';
import { TraceError } from '../errors.ts';
import { visible } from '../reports/visible.ts';
import { openStore } from '../store/reader.ts';
import { type QuietArguments, withQuiet } from './common.ts';
import { csvLines } from './csv-lines.ts';
import { notice, print } from './terminal.ts';

interface QueryArguments extends QuietArguments {
  readonly db: string;
  readonly sql: string;
  readonly csv: boolean | undefined;
  readonly json: boolean | undefined;
  readonly limit: number;
}

interface Rows {
  readonly columns: readonly string[];
  readonly rows: Iterable<unknown[]>;
}

/** Rows written at once. */
const CHUNK = 1000;

export const queryCommand: CommandModule<object, QueryArguments> = {
  command: 'query <db> <sql>',
  describe: 'Ask the database of an analysis, in SQL; nothing is changed',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('db', {
        type: 'string',
        demandOption: true,
        describe: 'Database made by analyze -o',
      })
      .positional('sql', { type: 'string', demandOption: true, describe: 'One SELECT' })
      .option('csv', { type: 'boolean', describe: 'As CSV, formulae disarmed' })
      .option('json', {
        type: 'boolean',
        describe: 'As a JSON array of objects; integers keep all their digits',
      })
      .option('limit', {
        type: 'number',
        default: CHUNK,
        describe: 'Rows of the table at most; 0 = all. CSV and JSON are never cut',
      })
      .conflicts('csv', 'json')
      .example('$0 query trace.db "SELECT severity, summary FROM finding"', 'what was found')
      .example('$0 query trace.db "SELECT name FROM sqlite_schema"', 'all tables and views')
      .example(
        `$0 query trace.db "SELECT context, seqno, (signaled_ts - init_ts) / 1e6 AS ms FROM fence ORDER BY ms DESC LIMIT 10"`,
        'the slowest fences',
      )
      .example(
        `$0 query trace.db "SELECT format('0x%x', mm), count(*) FROM invalidation GROUP BY mm" --csv`,
        'addresses are stored as signed 64-bit integers: format shows them right',
      ),
  handler: run,
};

async function run(args: QueryArguments): Promise<void> {
  const store = openStore(args.db);
  try {
    const result = store.table(args.sql);
    if (args.csv) await printCsv(result);
    else if (args.json) printJson(result);
    else await printTable(result, args);
  } catch (error) {
    throw queryError(error);
  } finally {
    store.close();
  }
}

function queryError(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  if (error instanceof RangeError) {
    return new TraceError('one statement at a time', {
      hint: 'leave out what follows the first ;',
    });
  }
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return error;
  return new TraceError((error as Error).message, {
    hint: 'tables: svm-trace query <db> "SELECT name FROM sqlite_schema"',
    cause: error,
  });
}

async function printTable(
  { columns, rows }: Rows,
  { limit, quiet }: QueryArguments,
): Promise<void> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: columns.map(visible),
    style: { head: [], border: [], compact: true },
  });
  let left = limit > 0 ? limit : Number.POSITIVE_INFINITY;
  let cut = false;
  for (const row of rows) {
    if (left === 0) {
      cut = true;
      break;
    }
    left -= 1;
    table.push(row.map((value) => visible(cell(value) ?? 'NULL')));
  }
  print(`${table.toString()}\n`);
  if (cut) notice(`only the first ${limit} rows are shown (--limit 0 shows all)`, quiet);
}

async function printCsv({ columns, rows }: Rows): Promise<void> {
  print(await csvLines([columns]));
  for (const chunk of chunks(rows)) {
    const cells = chunk.map((row) => row.map((value) => (isExact(value) ? value : cell(value))));
    print(await csvLines(cells));
  }
}

function printJson({ columns, rows }: Rows): void {
  const names = columns.map((name) => JSON.stringify(name));
  let separator = '[\n';
  for (const chunk of chunks(rows)) {
    const objects = chunk.map(
      (row) => `  {${row.map((value, n) => `${names[n]}: ${jsonValue(value)}`).join(', ')}}`,
    );
    print(separator + objects.join(',\n'));
    separator = ',\n';
  }
  print(separator === '[\n' ? '[]\n' : '\n]\n');
}

/** Numbers are written as they are; text goes through the escaping of the format. */
function isExact(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function jsonValue(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  return JSON.stringify(cell(value));
}

/** Text of a value; bytes as hexadecimal digits. */
function cell(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

function* chunks(rows: Iterable<unknown[]>): Iterable<unknown[][]> {
  let chunk: unknown[][] = [];
  for (const row of rows) {
    chunk.push(row);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
