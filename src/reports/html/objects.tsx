/** The objects whose lifetimes were reconstructed, one folded table per kind. */

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { ObjectColumn, ObjectTable } from '../../analyzers/result.ts';
import { count } from '../units.ts';
import { Scroller } from './scroller.tsx';
import { cellText } from './tables/cell-text.ts';
import { Time } from './time-context.ts';

type Cell = ObjectTable['rows'][number][number];

export function ObjectTables(props: { readonly tables: readonly ObjectTable[] }): VNode {
  const tables = props.tables.filter((table) => table.total > 0);
  const empty = props.tables.filter((table) => table.total === 0).map((table) => words(table.kind));
  return (
    <section id="objects">
      <h2>Objects</h2>
      {tables.map((table) => (
        <Table table={table} />
      ))}
      {empty.length > 0 && <p class="note">None seen: {empty.join(', ')}.</p>}
    </section>
  );
}

function Table({ table }: { readonly table: ObjectTable }): VNode {
  const left = table.total - table.rows.length;
  return (
    <details class="objects">
      <summary>
        <span class="kind">{words(table.kind)}</span>
        <span class="count">{count(table.total)}</span>
      </summary>
      <p class="note">{table.doc}</p>
      <label class="filter">
        Filter <input type="search" />
      </label>
      <Scroller label={words(table.kind)} tall>
        <table class="sortable">
          <thead>
            <tr>
              {table.columns.map((column) => (
                <th scope="col" title={column.doc}>
                  {column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row) => (
              <tr>
                {row.map((cell, index) => (
                  <TableCell cell={cell} column={table.columns[index]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      {left > 0 && (
        <p class="note">
          {count(left)} more rows are in the database, table <code>{table.kind}</code>.
        </p>
      )}
    </details>
  );
}

function TableCell(props: {
  readonly cell: Cell;
  readonly column: ObjectColumn | undefined;
}): VNode {
  const time = useContext(Time);
  const { cell, column } = props;
  if (cell === null || column === undefined) return <td class="quiet">–</td>;
  const text = column.labels?.[cell] ?? cellText(cell, column.type, time);
  if (typeof cell === 'string') return <td>{text}</td>;
  return (
    <td class="number" data-value={cell}>
      {text}
    </td>
  );
}

function words(kind: string): string {
  return kind.replaceAll('_', ' ');
}
