import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from './analyze.ts';
import { lifetimes } from './lifetimes/index.ts';
import { objectColumns } from './object-columns.ts';
import { fairLimit } from './object-tables.ts';
import type { ObjectTable, Result } from './result.ts';

const tables = lifetimes.flatMap((lifetime) => lifetime.tables);

describe('the columns of every kind of object', () => {
  it.each(tables)('$name: headings differ, references lead to a table', (table) => {
    const columns = objectColumns(table).map(({ column }) => column);
    const titles = columns.map(({ title }) => title);
    expect(titles).toEqual([...new Set(titles)]);
    for (const { kind } of columns) {
      if (kind !== undefined) expect(tables.map(({ name }) => name)).toContain(kind);
    }
  });

  it.each(tables)('$name: what is called a moment, a duration or an event holds one', (table) => {
    const undeclared = table.columns.filter(
      ({ name, holds }) => /_(ts|ns|event|tid|id)$/.test(name) && holds === undefined,
    );
    expect(undeclared.map(({ name }) => name)).toEqual(
      // the table of buffers is of the capture, not of objects
      table.name === 'log_record' ? ['buffer_id'] : [],
    );
  });

  it('durations are between moments of the same table', () => {
    for (const { columns, durations = [] } of tables) {
      for (const { from, to } of durations) {
        for (const name of [from, to]) {
          expect(columns.find((column) => column.name === name)?.holds).toBe('time');
        }
      }
    }
  });
});

describe('fairLimit', () => {
  it('gives all where there is enough', () => expect(fairLimit([3, 700, 20], 1_000)).toBe(700));

  it('shares what the small ones leave', () => {
    expect(fairLimit([10, 5_000, 5_000], 4_010)).toBe(2_000);
    expect(fairLimit([5_000, 5_000, 5_000], 9_000)).toBe(3_000);
  });
});

describe('the objects of a stall', () => {
  let result: Result;

  beforeAll(async () => {
    const path = fileURLToPath(
      new URL('../../fixtures/s612-svm-stall/svm-stall.dat', import.meta.url),
    );
    result = (await analyze(path, { strict: true })).result;
  });

  const tableOf = (kind: string): ObjectTable => {
    const table = result.objects.find((candidate) => candidate.kind === kind);
    if (!table) throw new Error(`no ${kind} was seen`);
    return table;
  };

  const cellsOf = (kind: string, name: string): unknown[] => {
    const table = tableOf(kind);
    const index = table.columns.findIndex((column) => column.name === name);
    return table.rows.map((row) => row[index]);
  };

  it('names the thread beside its tid, and what a reference means', () => {
    expect(cellsOf('invalidation', 'tid')).toContainEqual(expect.stringMatching(/^svmload-\d+$/));
    const process = tableOf('invalidation').columns.find(({ name }) => name === 'process_id');
    expect(process).toMatchObject({ type: 'object', kind: 'process' });
    expect(Object.values(process?.labels ?? {})).toContainEqual(
      expect.stringMatching(/^svmload-\d+$/),
    );
  });

  it('computes durations that are not stored', () => {
    const held = cellsOf('invalidation', 'held_up').map(Number);
    const stalls = result.findings.filter(({ detector }) => detector === 'invalidate-stall');
    const ids = stalls.flatMap(({ objects }) => objects.map(({ kind, id }) => kind + id));
    const longest = cellsOf('invalidation', 'id')[held.indexOf(Math.max(...held))];
    expect(ids).toContain(`invalidation${longest}`);
  });

  it('writes reasons with the names of the kernel, addresses as such', () => {
    expect(cellsOf('invalidation', 'reason')).toContain('CLEAR');
    expect(cellsOf('invalidation', 'mm')).toContainEqual(expect.stringMatching(/^0x[0-9a-f]{16}$/));
  });

  it('says which findings are about a row', () => {
    for (const finding of result.findings) {
      for (const { kind, id } of finding.objects) {
        if (kind === 'event') continue;
        expect(tableOf(kind).findings[id]).toContain(finding.id);
      }
    }
  });

  it('leaves out what only repeats start and end, and what nobody knows', () => {
    const names = tableOf('fence').columns.map(({ name }) => name);
    expect(names).not.toContain('init_event');
    expect(names.slice(0, 2)).toEqual(['id', 'start_ts']);
    for (const { columns, rows } of result.objects) {
      columns.forEach((_, index) => {
        expect(rows.some((row) => row[index] !== null)).toBe(true);
      });
    }
  });
});
