/** The objects whose lifetimes were reconstructed, one folded table per kind. */

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { ObjectTable } from '../../analyzers/result.ts';
import { count, type TimeFormat } from '../units.ts';
import { Scroller } from './scroller.tsx';
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
  const time = useContext(Time);
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
                <th scope="col">{column}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row) => (
              <tr>
                {row.map((cell, index) => (
                  <TableCell cell={cell} column={table.columns[index] ?? ''} time={time} />
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

/** Columns say by their suffix what their numbers are: `_ts` a moment, `_ns` a duration. */
function TableCell(props: {
  readonly cell: Cell;
  readonly column: string;
  readonly time: TimeFormat;
}): VNode {
  const { cell, column, time } = props;
  if (cell === null) return <td class="quiet">–</td>;
  if (typeof cell === 'string') return <td>{cell}</td>;
  const text = column.endsWith('_ts')
    ? time.moment(cell)
    : column.endsWith('_ns')
      ? time.duration(cell)
      : String(cell);
  return (
    <td class="number" data-value={cell}>
      {text}
    </td>
  );
}

function words(kind: string): string {
  return kind.replaceAll('_', ' ');
}
