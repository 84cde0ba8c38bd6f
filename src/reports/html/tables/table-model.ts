/** The rows of a table in the order they are asked for, without those that are filtered out. */
import {
  columnFilteringFeature,
  constructTable,
  createFilteredRowModel,
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
} from '@tanstack/table-core';
import { storeReactivityBindings } from '@tanstack/table-core/store-reactivity-bindings';
import type { TimeFormat } from '../../units.ts';
import { cellText } from './cell-text.ts';
import { comparing, isLargestFirst } from './compare-cells.ts';
import { type CellValue, type TableColumn, type TableData, unpack } from './table-data.ts';

export interface TableFilter {
  /** Words with spaces between: a row has all of them, somewhere. */
  readonly text: string;
  /** Only rows that findings are about. */
  readonly inFindings: boolean;
  /** Only rows of this thread; empty = of any. */
  readonly thread: string;
}

export const NO_FILTER: TableFilter = { text: '', inFindings: false, thread: '' };

/** Of more threads those with the most rows can be chosen. */
const MAX_THREADS = 200;

/** The column of the table library that is not shown: a row is filtered as a whole. */
const ROW = 'row';

const features = tableFeatures({
  coreReactivityFeature: storeReactivityBindings(),
  columnFilteringFeature,
  rowSortingFeature,
  filteredRowModel: createFilteredRowModel(),
  sortedRowModel: createSortedRowModel(),
});

interface NumberedRow {
  readonly number: number;
}

function construct(model: TableModel, { columns, rows, order }: TableData) {
  return constructTable({
    features,
    // rows are their numbers; what is in them is in the columns
    data: Array.from({ length: rows }, (_, number): NumberedRow => ({ number })),
    columns: [
      {
        id: ROW,
        accessorFn: ({ number }: NumberedRow) => number,
        enableSorting: false,
        filterFn: (row, _, filter: TableFilter) => model.matches(row.original.number, filter),
      },
      ...columns.map((column, index) => {
        const compare = comparing(column);
        return {
          id: String(index),
          accessorFn: ({ number }: NumberedRow) => model.value(index, number) ?? undefined,
          sortFn: (
            a: { getValue<Value>(id: string): Value },
            b: { getValue<Value>(id: string): Value },
            id: string,
          ): number => compare(a.getValue<string | number>(id), b.getValue<string | number>(id)),
          sortUndefined: 'last' as const,
          sortDescFirst: isLargestFirst(column),
          enableColumnFilter: false,
        };
      }),
    ],
    initialState: {
      sorting: order === undefined ? [] : [{ id: String(order.column), desc: order.descending }],
    },
  });
}

export class TableModel {
  readonly columns: readonly TableColumn[];
  readonly total: number;
  readonly #values: readonly (readonly CellValue[])[];
  readonly #time: TimeFormat;
  readonly #table: ReturnType<typeof construct>;
  readonly #threadColumns: readonly number[];
  readonly #findingColumn: number;
  /** What is looked for in each row: made when first asked for, kept. */
  readonly #searched: (string | undefined)[] = [];
  #filter: TableFilter = NO_FILTER;

  constructor(data: TableData, time: TimeFormat) {
    this.columns = data.columns;
    this.total = data.rows;
    this.#values = data.columns.map(({ cells }) => unpack(cells));
    this.#time = time;
    this.#threadColumns = data.columns.flatMap(({ type }, n) => (type === 'thread' ? [n] : []));
    this.#findingColumn = data.columns.findIndex(({ type }) => type === 'findings');
    this.#table = construct(this, data);
  }

  value(column: number, row: number): CellValue {
    return this.#values[column]?.[row] ?? null;
  }

  /** Undefined = not known. */
  text(column: number, row: number): string | undefined {
    const value = this.value(column, row);
    const { texts, labels, type } = this.columns[column] ?? { type: 'text' };
    if (texts !== undefined) return texts[row];
    if (value === null) return undefined;
    return labels?.[value] ?? cellText(value, type, this.#time);
  }

  /** Numbers of the rows to show. */
  rows(): readonly number[] {
    return this.#table.getRowModel().rows.map((row) => row.original.number);
  }

  sortedBy(column: number): 'ascending' | 'descending' | 'none' {
    const direction = this.#table.getColumn(String(column))?.getIsSorted() ?? false;
    if (direction === false) return 'none';
    return direction === 'asc' ? 'ascending' : 'descending';
  }

  /** In the one direction, the other, then not at all; `also` = within what it is sorted by. */
  sort(column: number, also: boolean): void {
    this.#table.getColumn(String(column))?.toggleSorting(undefined, also);
  }

  get filter(): TableFilter {
    return this.#filter;
  }

  set filter(filter: TableFilter) {
    this.#filter = filter;
    const isNone = filter.text.trim() === '' && !filter.inFindings && filter.thread === '';
    this.#table.getColumn(ROW)?.setFilterValue(isNone ? undefined : filter);
  }

  matches(row: number, filter: TableFilter): boolean {
    if (filter.inFindings && this.value(this.#findingColumn, row) === null) return false;
    if (
      filter.thread !== '' &&
      !this.#threadColumns.some((column) => this.value(column, row) === filter.thread)
    ) {
      return false;
    }
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return true;
    const searched = this.#searchedOf(row);
    return words.every((word) => searched.includes(word));
  }

  #searchedOf(row: number): string {
    const known = this.#searched[row];
    if (known !== undefined) return known;
    const texts = this.columns.map((_, column) => this.text(column, row) ?? '');
    const searched = texts.join('\n').toLowerCase();
    this.#searched[row] = searched;
    return searched;
  }

  /** Whether findings are about some of its rows, but not all. */
  get tellsFindings(): boolean {
    const about = this.#values[this.#findingColumn]?.filter((value) => value !== null).length ?? 0;
    return about > 0 && about < this.total;
  }

  /** Those of more rows first. */
  threads(): readonly string[] {
    const rows = new Map<string, number>();
    for (const column of this.#threadColumns) {
      for (const value of this.#values[column] ?? []) {
        if (value !== null) rows.set(String(value), (rows.get(String(value)) ?? 0) + 1);
      }
    }
    const ordered = [...rows].sort(([, a], [, b]) => b - a).slice(0, MAX_THREADS);
    return ordered.map(([thread]) => thread);
  }

  /** The row whose first column has this value; undefined = there is none. */
  rowOf(first: string): number | undefined {
    const row = this.#values[0]?.findIndex((value) => String(value) === first) ?? -1;
    return row === -1 ? undefined : row;
  }
}
