import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scratch } from '../../test/scratch.ts';
import { TraceError } from '../errors.ts';
import type { EventType, Field, Fields } from '../parsers/parser.ts';
import { StoreReader } from './reader.ts';
import { eventTypeTable } from './schema.ts';
import { readEvents } from './stored-events.ts';
import type { Table } from './table.ts';
import { StoreWriter } from './writer.ts';

const field = (name: string, rest: Partial<Field> = {}): Field => ({
  name,
  declaration: `u64 ${name}`,
  kind: 'integer',
  signed: false,
  size: 8,
  ...rest,
});

const eventType = (index: number, name: string, fields: readonly Field[]): EventType => ({
  index,
  id: 100 + index,
  system: 'test',
  name,
  fields,
  printFormat: '',
});

/** Describes a type the way a finished store does, so that its events can be read back. */
function describeType(writer: StoreWriter, type: EventType): void {
  const table = writer.eventTable(type.index);
  writer.insert(eventTypeTable, {
    id: type.index,
    system: type.system,
    name: type.name,
    type_id: type.id,
    selected: 1,
    table_name: table?.name ?? null,
    events: 0,
    print_format: type.printFormat,
    fields: JSON.stringify(table?.columns.map(({ column, field: f }) => ({ ...f, column }))),
  });
}

function roundTrip(type: EventType, rows: readonly Fields[]): Fields[] {
  const writer = new StoreWriter(undefined, [type], []);
  try {
    writer.declareEvent(0);
    rows.forEach((fields, n) => {
      writer.insertEvent(0, n + 1, n * 10, 0, 42, 0, fields);
    });
    describeType(writer, type);
    writer.loaded();
    const events = readEvents(
      new StoreReader(writer.db),
      rows.map((_, n) => n + 1),
    );
    return rows.map((_, n) => events.get(n + 1)?.fields ?? {});
  } finally {
    writer.abort();
  }
}

test('64-bit extremes come back bit for bit, signed and unsigned', () => {
  const type = eventType(0, 'extremes', [field('u'), field('s', { signed: true })]);
  const rows: Fields[] = [
    { u: 0, s: 0 },
    { u: 2n ** 64n - 1n, s: -(2n ** 63n) },
    { u: 2n ** 63n, s: 2n ** 63n - 1n },
    { u: Number.MAX_SAFE_INTEGER, s: Number.MIN_SAFE_INTEGER },
    { u: 2n ** 53n, s: -(2n ** 53n) },
    { u: 0xffff_8880_1234_5678n, s: -1 },
  ];
  expect(roundTrip(type, rows)).toEqual(rows);
});

test('property: any values of any kind come back, in full statements and in the rest', () => {
  const type = eventType(0, 'mixed', [
    field('u'),
    field('text', { kind: 'string' }),
    field('bytes', { kind: 'bytes' }),
    field('list', { kind: 'integers' }),
  ]);
  const integer = fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((value) => (value <= Number.MAX_SAFE_INTEGER ? Number(value) : value));
  const row = fc.record({
    u: integer,
    text: fc.string({ unit: 'grapheme' }),
    bytes: fc.uint8Array({ maxLength: 9 }),
    list: fc.array(integer, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 70 }), (rows) => {
      const back = roundTrip(type, rows).map((fields) => ({
        ...fields,
        bytes: new Uint8Array(fields.bytes as Uint8Array),
      }));
      expect(back).toEqual(rows);
    }),
    { numRuns: 30 },
  );
});

test('a record cut short has NULL where fields are missing, and they stay missing', () => {
  const type = eventType(0, 'short', [field('a'), field('b'), field('c', { kind: 'string' })]);
  expect(roundTrip(type, [{ a: 1 }, {}])).toEqual([{ a: 1 }, {}]);
});

test('a time stamp beyond 64 bits, as damage makes them, becomes the nearest integer', () => {
  const type = eventType(0, 'e', []);
  const table: Table = {
    name: 'object',
    doc: '',
    columns: [
      { name: 'a', type: 'INTEGER', doc: '' },
      { name: 'b', type: 'INTEGER', doc: '' },
      { name: 'c', type: 'INTEGER', doc: '' },
    ],
  };
  const writer = new StoreWriter(undefined, [type], [table]);
  writer.insertEvent(0, 1, 2 ** 64, 0, 1, 0, {});
  writer.insertEvent(0, 2, -(2 ** 63), 0, 1, 0, {});
  writer.insert(table, { id: 1, a: 2 ** 64, b: -(2 ** 70), c: Number.NaN });
  writer.loaded();
  const store = new StoreReader(writer.db);
  expect(store.all('SELECT ts FROM event ORDER BY id')).toEqual([
    { ts: 2n ** 63n - 1n },
    { ts: -(2n ** 63n) },
  ]);
  expect(store.all('SELECT a, b, c FROM object')).toEqual([
    { a: 2n ** 63n - 1n, b: -(2n ** 63n), c: null },
  ]);
  writer.abort();
});

test('bytes are kept even when the parser overwrites its buffer before the rows are written', () => {
  const type = eventType(0, 'reused', [field('raw', { kind: 'bytes' })]);
  const writer = new StoreWriter(undefined, [type], []);
  const buffer = new Uint8Array([1, 2, 3]);
  writer.insertEvent(0, 1, 0, 0, 1, 0, { raw: buffer });
  buffer.fill(9);
  writer.loaded();
  const raw = writer.db.prepare('SELECT raw FROM test__reused').pluck().get();
  expect(Array.from(raw as Uint8Array)).toEqual([1, 2, 3]);
  writer.abort();
});

test('property: the pages are a sound database whatever the rows look like', () => {
  const types = [0, 1, 2].map((n) =>
    eventType(n, `e${n}`, [
      field('number'),
      field('text', { kind: 'string' }),
      field('raw', { kind: 'bytes' }),
    ]),
  );
  const number = fc.oneof(
    fc.integer({ min: -2, max: 2 }),
    fc.integer(),
    fc.maxSafeInteger(),
    // where the bytes of an integer become more
    fc.nat(53).map((bits) => 2 ** bits - 1),
    fc.nat(53).map((bits) => -(2 ** bits) + 1),
  );
  const row = fc.record({
    type: fc.nat(2),
    step: fc.oneof(
      fc.constant(1),
      fc.nat(1000).map((gap) => gap + 1),
      fc.constant(2 ** 33),
    ),
    number,
    // around 4061 bytes a record no longer fits a page
    text: fc.oneof(
      fc.constant(''),
      fc.string(),
      fc.nat(4200).map((length) => 'ü'.repeat(length / 2)),
    ),
    raw: fc.nat(80).map((length) => new Uint8Array(length).fill(length)),
    times: fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.nat(900) },
    ),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
      const path = join(scratch(), 'x.db');
      const writer = new StoreWriter(path, types, []);
      const expected = new Map<string, unknown[]>(types.map((type) => [type.name, []]));
      for (const type of types) writer.declareEvent(type.index);
      let id = 0;
      for (const { type, step, number: value, text, raw, times } of rows) {
        for (let n = 0; n < times; n += 1) {
          id += step;
          writer.insertEvent(type, id, id, 3, -1, 0, { number: value, text, raw });
          expected.get(`e${type}`)?.push([id, id, 3, -1, 0, value, text, raw]);
        }
      }
      writer.loaded();
      writer.finish();
      writer.abort();
      const db = new Database(path, { readonly: true });
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      for (const [name, wanted] of expected) {
        const got = db
          .prepare(`SELECT * FROM test__${name} ORDER BY id`)
          .raw()
          .all() as unknown[][];
        expect(
          got.map((cells) => [...cells.slice(0, 7), new Uint8Array(cells[7] as Buffer)]),
        ).toEqual(wanted);
      }
      db.close();
    }),
    { numRuns: 40 },
  );
});

test('many rows make interior pages over interior pages', () => {
  const type = eventType(0, 'e', [field('text', { kind: 'string' })]);
  const path = join(scratch(), 'x.db');
  const writer = new StoreWriter(path, [type], []);
  const rows = 2_000;
  // two rows to a page, and 272 pages to an interior page
  for (let id = 1; id <= rows; id += 1) {
    writer.insertEvent(0, id * 7, id, 0, 1, 0, { text: `${id} `.padEnd(1_900, 'x') });
  }
  writer.loaded();
  writer.finish();
  writer.abort();
  const db = new Database(path);
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  const find = db.prepare('SELECT text FROM test__e WHERE id = ?').pluck();
  for (const id of [1, 2, 543, 544, 545, 1_088, 1_089, 1_999, rows]) {
    expect(String(find.get(id * 7)).startsWith(`${id} `)).toBe(true);
    expect(find.get(id * 7 + 1)).toBeUndefined();
  }
  // SQLite can go on with it
  db.prepare('DELETE FROM test__e WHERE id % 2 = 0').run();
  db.prepare('INSERT INTO test__e (id, ts, cpu, tid, buffer) VALUES (8, 0, 0, 0, 0)').run();
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();
});

test('ids that do not ascend are a mistake of the parser, not a broken database', () => {
  const writer = new StoreWriter(undefined, [eventType(0, 'e', [])], []);
  writer.insertEvent(0, 2, 0, 0, 1, 0, {});
  expect(() => writer.insertEvent(0, 2, 0, 0, 1, 0, {})).toThrow('row 2 comes after row 2');
  writer.abort();
});

test('hostile names: quotes, clashes with our columns, case, reserved and empty names', () => {
  const names = ['id', 'ID', 'ts', 'a"b', "a'b; DROP TABLE capture; --", '', 'Ts', 'rowid', '\0x'];
  const types = [
    eventType(
      0,
      'x"; DROP TABLE capture; --',
      names.map((name) => field(name)),
    ),
    { ...eventType(1, 'Same', [field('v')]), system: 'sqlite' },
    { ...eventType(2, 'same', [field('v')]), system: 'SQLITE' },
  ];
  const writer = new StoreWriter(undefined, types, []);
  const values = Object.fromEntries(names.map((name, n) => [name, n]));
  writer.insertEvent(0, 1, 0, 0, 1, 0, values);
  writer.insertEvent(1, 2, 0, 0, 1, 0, { v: 1 });
  writer.insertEvent(2, 3, 0, 0, 1, 0, { v: 2 });
  for (const type of types) describeType(writer, type);
  writer.loaded();
  const store = new StoreReader(writer.db);
  expect(store.all('SELECT id, type FROM event ORDER BY id')).toEqual([
    { id: 1, type: 'test:x"; DROP TABLE capture; --' },
    { id: 2, type: 'sqlite:Same' },
    { id: 3, type: 'SQLITE:same' },
  ]);
  expect(readEvents(store, [1]).get(1)?.fields).toEqual(values);
  expect(store.all('SELECT count(*) AS captures FROM capture')).toEqual([{ captures: 0 }]);
  writer.abort();
});

test.each([0, 1, 500, 501, 1203])('the view event spans %i event types', (number) => {
  const types = Array.from({ length: number }, (_, n) => eventType(n, `e${n}`, [field('v')]));
  const writer = new StoreWriter(undefined, types, []);
  types.forEach((type, n) => {
    writer.insertEvent(type.index, number - n, n, 0, 7, 0, { v: n });
  });
  writer.loaded();
  const store = new StoreReader(writer.db);
  expect(store.all('SELECT count(*) AS events, count(DISTINCT type) AS types FROM event')).toEqual([
    { events: number, types: number },
  ]);
  if (number > 0) {
    expect(store.all('SELECT * FROM event ORDER BY id LIMIT 1')).toEqual([
      { id: 1, ts: number - 1, cpu: 0, tid: 7, buffer: 0, type: `test:e${number - 1}` },
    ]);
  }
  writer.abort();
});

test('an event type with more fields than SQLite has columns keeps the first ones', () => {
  const type = eventType(
    0,
    'wide',
    Array.from({ length: 2500 }, (_, n) => field(`f${n}`)),
  );
  const [row] = roundTrip(type, [{ f0: 1, f1899: 2, f2499: 3 }]);
  expect(row).toEqual({ f0: 1, f1899: 2 });
});

test('the file has its name only when it is whole, and giving up leaves nothing', () => {
  const directory = scratch();
  const path = join(directory, 'x.db');
  const type = eventType(0, 'e', [field('v')]);
  const given = new StoreWriter(path, [type], []);
  given.insertEvent(0, 1, 0, 0, 1, 0, { v: 1 });
  given.flush();
  // no journal beside them: the load is thrown away whole
  const temporary = `x.db.${process.pid}.tmp`;
  expect(readdirSync(directory)).toEqual([temporary, `${temporary}-side`]);
  given.abort();
  expect(readdirSync(directory)).toEqual([]);

  const whole = new StoreWriter(path, [type], []);
  whole.insertEvent(0, 1, 0, 0, 1, 0, { v: 1 });
  whole.loaded();
  whole.finish();
  whole.abort();
  expect(readdirSync(directory)).toEqual(['x.db']);
});

test('an older file of the name stays as it is until the new one is whole', () => {
  const path = join(scratch(), 'x.db');
  writeFileSync(path, 'old');
  const writer = new StoreWriter(path, [], []);
  writer.loaded();
  expect(readFileSync(path, 'utf8')).toBe('old');
  writer.finish();
  expect(readFileSync(path, 'latin1').slice(0, 15)).toBe('SQLite format 3');
});

test('a missing directory and a directory in the way are one line each', () => {
  const directory = scratch();
  mkdirSync(join(directory, 'taken'));
  const open = (path: string) => () => new StoreWriter(path, [], []);
  expect(open(join(directory, 'no', 'x.db'))).toThrow(TraceError);
  expect(open(join(directory, 'taken'))).toThrow(TraceError);
  expect(readdirSync(directory)).toEqual(['taken']);
});
