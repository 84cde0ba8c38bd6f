/** The columns of an object table as they are shown: in which order, under which heading, from which SQL. */
import { identifier, literal } from '../store/sql.ts';
import type { Column, DerivedDuration, Table } from '../store/table.ts';
import type { CellType, ObjectColumn } from './result.ts';

export interface SelectedColumn {
  readonly column: ObjectColumn;
  /** Over the table, which is called `o`. */
  readonly sql: string;
  /** When the object began and ended, which every table has. */
  readonly isSpan: boolean;
}

const SPAN: ReadonlySet<string> = new Set(['start_ts', 'end_ts', 'start_event', 'end_event']);

const LIFE: DerivedDuration = {
  name: 'duration',
  from: 'start_ts',
  to: 'end_ts',
  doc: 'From start to end; empty = one of them is not known.',
};

/** When, how long, what; then how it ended, and where all that is recorded. */
export function objectColumns(table: Table): SelectedColumn[] {
  const titles = titlesOf(table.columns);
  const own = table.columns.map((column) => declared(column, titles.get(column.name) ?? ''));
  const isLast = ({ column }: SelectedColumn): boolean => LAST.has(column.name);
  const isEvent = ({ column }: SelectedColumn): boolean => column.type === 'event';
  return [
    ID,
    ...own.filter(({ column }) => column.name === 'start_ts'),
    derived(LIFE),
    ...(table.durations ?? []).map(derived),
    ...own.filter(
      (column) => column.column.name !== 'start_ts' && !isLast(column) && !isEvent(column),
    ),
    ...own.filter(isLast),
    ...own.filter(isEvent),
  ];
}

const LAST: ReadonlySet<string> = new Set(['end_ts', 'lossy']);

const ID: SelectedColumn = {
  column: { name: 'id', title: 'id', doc: 'Its row in the database.', type: 'number' },
  sql: 'o.id',
  isSpan: false,
};

function derived({ name, doc, from, to }: DerivedDuration): SelectedColumn {
  return {
    column: { name, title: words(name), doc, type: 'duration' },
    sql: `o.${identifier(to)} - o.${identifier(from)}`,
    isSpan: false,
  };
}

function declared(column: Column, title: string): SelectedColumn {
  const { name, doc, holds } = column;
  const isSpan = SPAN.has(name);
  const own = `o.${identifier(name)}`;
  if (typeof holds === 'object' && 'object' in holds) {
    return { column: { name, title, doc, type: 'object', kind: holds.object }, sql: own, isSpan };
  }
  if (typeof holds === 'object') {
    const named = holds.names.map((word, value) => `WHEN ${value} THEN ${literal(word)}`);
    return {
      column: { name, title, doc, type: 'text' },
      sql: `CASE ${own} ${named.join(' ')} ELSE CAST(${own} AS TEXT) END`,
      isSpan,
    };
  }
  const type: CellType = holds ?? (column.type === 'TEXT' ? 'text' : 'number');
  return {
    column: { name, title, doc, type },
    sql: type === 'thread' ? threadSql(own) : own,
    isSpan,
  };
}

/** `comm-tid`: of the tasks that had this tid the last that had begun by then. */
function threadSql(tid: string): string {
  return `coalesce((SELECT comm || '-' FROM task WHERE task.tid = ${tid}
    AND coalesce(task.start_ts, -1e18) <= coalesce(o.start_ts, 1e18) ORDER BY task.id DESC LIMIT 1), '') || ${tid}`;
}

/** Headings without the suffixes that only say what a column holds, unless two would be the same. */
function titlesOf(columns: readonly Column[]): Map<string, string> {
  const short = columns.map(({ name }) => words(name.replace(/_(ts|ns|id)$/, '')));
  return new Map(
    columns.map(({ name }, index) => {
      const title = short[index] ?? name;
      const isTaken = short.indexOf(title) !== short.lastIndexOf(title);
      return [name, isTaken && name.endsWith('_id') ? words(name) : title];
    }),
  );
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}
