/**
 * Prints the object tables of a capture as text: what the lifetimes made of it.
 * Usage: npx tsx scripts/dump-objects.ts <capture> [table …]
 */
import type { Row, Table } from '../src/store/table.ts';
import { objectsOf } from '../test/run-capture.ts';

/** Rows printed of one table. */
const MOST_ROWS = 400;

const [path, ...wanted] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: dump-objects.ts <capture> [table …]');

const { recogniser, tables, last } = objectsOf(path);
console.log(`${path}: last event at ${last} ns`);
console.log([...recogniser.observed].map(([kind, n]) => `${kind} ${n}`).join(', '));
for (const guess of recogniser.guesses) {
  console.log(`guessed: ${guess.system}:${guess.event} is a probe on ${guess.function}`);
}
for (const { system, event, failed, checked, reason } of recogniser.probeChecks) {
  if (failed > 0) console.log(`insane: ${system}:${event} ${failed} of ${checked}: ${reason}`);
}
for (const [table, rows] of tables) {
  if (rows.length === 0 || (wanted.length > 0 && !wanted.includes(table.name))) continue;
  print(table, rows);
}

/** Columns that are NULL everywhere are left out; pointers are hexadecimal, times milliseconds. */
function print(table: Table, rows: readonly Row[]): void {
  const columns = ['id', ...table.columns.map(({ name }) => name)].filter((name) =>
    rows.some((row) => row[name] !== null && row[name] !== undefined),
  );
  const shown = rows.slice(0, MOST_ROWS).map((row) => columns.map((name) => cell(name, row[name])));
  const lines = [columns, ...shown];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  console.log(`\n## ${table.name} (${rows.length})`);
  for (const line of lines)
    console.log(line.map((text, i) => text.padStart(widths[i] ?? 0)).join(' '));
  if (rows.length > MOST_ROWS) console.log(`… ${rows.length - MOST_ROWS} more`);
}

function cell(name: string, value: Row[string]): string {
  if (value === null || value === undefined) return '-';
  if (name.endsWith('_ts') || name.endsWith('_ns')) return (Number(value) / 1e6).toFixed(3);
  const isLarge = typeof value === 'bigint' || (typeof value === 'number' && value > 0xffffffff);
  if (!isLarge) return String(value);
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}
