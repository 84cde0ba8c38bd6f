import { describe, expect, it } from 'vitest';
import { timeFormat } from '../../units.ts';
import { type CellValue, pack, type TableColumn, type TableData, unpack } from './table-data.ts';
import { NO_FILTER, TableModel } from './table-model.ts';

const TIME = timeFormat({ unit: 'ns' });

function table(columns: readonly TableColumn[]): TableModel {
  const [first] = columns;
  const rows = first === undefined ? 0 : unpack(first.cells).length;
  const data: TableData = { label: 'objects', columns, rows };
  return new TableModel(data, TIME);
}

const column = (type: TableColumn['type'], cells: readonly CellValue[]): TableColumn => ({
  title: type,
  type,
  cells: pack(cells),
});

/** Values of a column in the order shown after so many clicks on its head. */
function sorted(shown: TableColumn, clicks = 1): CellValue[] {
  const model = table([shown]);
  for (let n = 0; n < clicks; n++) model.sort(0, false);
  return model.rows().map((row) => model.value(0, row));
}

describe('sorting', () => {
  it('takes numbers as numbers, the longest first, what is not known last in both directions', () => {
    const durations = column('duration', [9, null, 10_000, 1_000]);
    expect(sorted(durations, 1)).toEqual([10_000, 1_000, 9, null]);
    expect(sorted(durations, 2)).toEqual([9, 1_000, 10_000, null]);
    expect(sorted(durations, 3)).toEqual([9, null, 10_000, 1_000]);
  });

  it('takes digits beyond 2^53 as numbers', () => {
    const numbers = column('number', ['18446744073709551615', 7, '9007199254740993', -1]);
    expect(sorted(numbers)).toEqual([-1, 7, '9007199254740993', '18446744073709551615']);
  });

  it('takes addresses by what they are, not by their letters', () => {
    const addresses = column('address', ['0x7f0000000000', '0xffff888100000000', '0x9']);
    expect(sorted(addresses)).toEqual(['0x9', '0x7f0000000000', '0xffff888100000000']);
  });

  it('takes numbers inside names as numbers', () => {
    expect(sorted(column('text', ['ring10', 'ring9', 'Ring1']))).toEqual([
      'Ring1',
      'ring9',
      'ring10',
    ]);
  });

  it('takes references by the names of what they mean', () => {
    const shown = { ...column('object', [1, 2, 3]), labels: { 1: 'c-9', 2: 'a-10', 3: 'a-9' } };
    expect(sorted(shown)).toEqual([3, 2, 1]);
  });

  it('takes what is written for each row by the number behind it', () => {
    const shown = { ...column('number', [2, 1]), texts: ['1.5 ms', '900 µs'] };
    expect(sorted(shown)).toEqual([1, 2]);
  });

  it('keeps the order of what is equal, and sorts within an order', () => {
    const model = table([column('text', ['b', 'a', 'b', 'a']), column('number', [1, 4, 3, 2])]);
    model.sort(0, false);
    expect(model.rows()).toEqual([1, 3, 0, 2]);
    model.sort(1, true);
    expect(model.rows()).toEqual([3, 1, 0, 2]);
    expect([model.sortedBy(0), model.sortedBy(1)]).toEqual(['ascending', 'ascending']);
  });
});

describe('filtering', () => {
  const model = table([
    column('number', [1, 2, 3]),
    column('thread', ['svmload-172', 'kworker/0:1-9', 'svmload-172']),
    column('duration', [1_500_000, 2_000, null]),
    column('findings', [null, 'invalidate-stall-1', null]),
  ]);
  const shown = (filter: Partial<typeof NO_FILTER>): number[] => {
    model.filter = { ...NO_FILTER, ...filter };
    return model.rows().map((row) => Number(model.value(0, row)));
  };

  it('looks for every word in all columns, as they are shown', () => {
    expect(shown({ text: ' SVMLOAD ' })).toEqual([1, 3]);
    expect(shown({ text: '1.5 ms' })).toEqual([1]);
    expect(shown({ text: 'svmload stall' })).toEqual([]);
    expect(shown({ text: '' })).toEqual([1, 2, 3]);
  });

  it('takes a text as it is, not as a pattern', () => expect(shown({ text: '.*' })).toEqual([]));

  it('keeps rows of findings, or of a thread', () => {
    expect(shown({ inFindings: true })).toEqual([2]);
    expect(shown({ thread: 'svmload-172' })).toEqual([1, 3]);
    expect(model.threads()).toEqual(['svmload-172', 'kworker/0:1-9']);
  });
});

describe('packing', () => {
  it.each([
    { cells: ['a', 'a', null, 'b', 'a', 'b'] },
    { cells: ['a', 'b', 'c'] },
    { cells: [null, null] },
    { cells: [1, '9007199254740993', null, null, null, null] },
    { cells: [] },
  ])('is undone by unpacking: $cells', ({ cells }) => {
    expect(unpack(pack(cells))).toEqual(cells);
  });

  it('writes a word once', () => {
    const name = 'svmlab_invalidate';
    expect(JSON.stringify(pack([name, name, name, name])).split(name)).toHaveLength(2);
  });
});
