/**
 * Prints the object tables of a capture as text: what the lifetimes made of it.
 * Usage: npx tsx scripts/dump-objects.ts <capture> [table …]
 */
import { lifetimes } from '../src/analyzers/lifetimes/index.ts';
import type { Tracker } from '../src/analyzers/lifetimes/lifetime.ts';
import { createLiveObjects } from '../src/analyzers/lifetimes/live-objects.ts';
import type { Occurrence, OccurrenceKind } from '../src/kernel/occurrence.ts';
import { createRecogniser } from '../src/kernel/recognise.ts';
import { openCapture } from '../src/parsers/detect.ts';
import type { EventType } from '../src/parsers/parser.ts';
import type { Row, Table } from '../src/store/table.ts';

const [path, ...wanted] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: dump-objects.ts <capture> [table …]');

const capture = openCapture(path);
const symbol = (address: number | bigint) => capture.symbol(address);
const recogniser = createRecogniser(capture.header, symbol);
const rows = new Map<Table, Row[]>();
const ids = new Map<Table, number>();
const context = {
  emit: (table: Table, row: Row) => void rows.get(table)?.push(row),
  nextId: (table: Table) => {
    const id = (ids.get(table) ?? 0) + 1;
    ids.set(table, id);
    return id;
  },
  live: createLiveObjects((tid) => capture.comm(tid)),
  lossBetween: (from: number | null, to: number | null) =>
    capture.losses.some(
      (loss) =>
        (loss.from ?? Number.NEGATIVE_INFINITY) <= (to ?? Number.POSITIVE_INFINITY) &&
        (loss.to ?? Number.POSITIVE_INFINITY) >= (from ?? Number.NEGATIVE_INFINITY),
    ),
  losses: capture.losses,
};
const trackers: Tracker[] = lifetimes.map((lifetime) => {
  for (const table of lifetime.tables) rows.set(table, []);
  return lifetime.track(context);
});
type Handler = (occurrence: Occurrence) => void;
const handlers = new Map<OccurrenceKind, Handler[]>();
for (const tracker of trackers) {
  for (const [kind, handler] of Object.entries(tracker.on)) {
    const list = handlers.get(kind as OccurrenceKind) ?? [];
    list.push(handler as Handler);
    handlers.set(kind as OccurrenceKind, list);
  }
}

const { eventTypes } = capture.header;
let last = 0;
let fed = 0;
const select = (type: EventType) => recogniser.select(type);
for (const batch of capture.batches({ select })) {
  for (let i = 0; i < batch.length; i += 1) {
    const moment = {
      event: batch.id[i] as number,
      ts: batch.ts[i] as number,
      cpu: batch.cpu[i] as number,
      tid: batch.tid[i] as number,
    };
    last = moment.ts;
    fed += 1;
    const type = eventTypes[batch.type[i] as number] as EventType;
    const occurrence = recogniser.recognise(type, batch.fields(i), moment);
    if (!occurrence) continue;
    for (const handler of handlers.get(occurrence.kind) ?? []) handler(occurrence);
  }
}
for (const tracker of trackers) tracker.finish(last);

console.log(`${path}: ${fed} selected events, last at ${last} ns`);
console.log(
  `occurrences: ${[...recogniser.observed].map(([kind, n]) => `${kind} ${n}`).join(', ')}`,
);
for (const guess of recogniser.guesses) {
  console.log(`guessed: ${guess.system}:${guess.event} is a probe on ${guess.function}`);
}
for (const check of recogniser.probeChecks) {
  if (check.failed === 0) continue;
  const { system, event, failed, checked, reason } = check;
  console.log(`insane: ${system}:${event} ${failed} of ${checked}: ${reason}`);
}
for (const [table, list] of rows) {
  if (wanted.length > 0 && !wanted.includes(table.name)) continue;
  if (list.length > 0) print(table, list);
}

/** Columns that are NULL everywhere are left out; pointers are hexadecimal, times milliseconds. */
function print(table: Table, list: readonly Row[]): void {
  const MOST = 400;
  const columns = ['id', ...table.columns.map((column) => column.name)].filter((name) =>
    list.some((row) => row[name] !== null && row[name] !== undefined),
  );
  const lines = [
    columns,
    ...list.slice(0, MOST).map((row) => columns.map((name) => cell(name, row[name]))),
  ];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => line[index]?.length ?? 0)),
  );
  console.log(`\n## ${table.name} (${list.length})`);
  for (const line of lines) {
    console.log(line.map((text, index) => text.padStart(widths[index] ?? 0)).join(' '));
  }
  if (list.length > MOST) console.log(`… ${list.length - MOST} more`);
}

function cell(name: string, value: Row[string]): string {
  if (value === null || value === undefined) return '-';
  if (name.endsWith('_ts') || name.endsWith('_ns')) return (Number(value) / 1e6).toFixed(3);
  const large = typeof value === 'bigint' || (typeof value === 'number' && value > 0xffffffff);
  return large
    ? `0x${BigInt.asUintN(64, BigInt(value as number | bigint)).toString(16)}`
    : String(value);
}
