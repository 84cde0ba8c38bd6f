/** The objects whose lifetimes were reconstructed, one folded table per kind. */
import type { VNode } from 'preact';
import type { ObjectTable, Result } from '../../analyzers/result.ts';
import { count } from '../units.ts';
import { Island } from './island.tsx';
import { objectAnchor } from './tables/object-anchor.ts';
import { objectTable } from './tables/object-table.ts';

export function ObjectTables({ result }: { readonly result: Result }): VNode {
  const tables = result.objects.filter((table) => table.total > 0);
  const drawn = drawnObjects(result);
  return (
    <section id="objects">
      <h2>Objects</h2>
      {tables.length === 0 && <p>None were seen.</p>}
      {tables.map((table) => (
        <Kind table={table} drawn={(id) => drawn.has(`${table.kind} ${id}`)} />
      ))}
    </section>
  );
}

interface KindProps {
  readonly table: ObjectTable;
  drawn(id: number): boolean;
}

function Kind({ table, drawn }: KindProps): VNode {
  const left = table.total - table.rows.length;
  return (
    // its rows are not all there: what leads to one of them opens this
    <details class="objects" id={`objects-${table.kind}`} data-holds={objectAnchor(table.kind)}>
      <summary>
        <span class="kind">{table.kind.replaceAll('_', ' ')}</span>{' '}
        <span class="count">{count(table.total)}</span>
      </summary>
      <p class="note">
        {table.doc}
        {left > 0 && (
          <>
            {' '}
            Here are {count(table.rows.length)}: those of findings, then the longest. {count(left)}{' '}
            more are in the database, table <code>{table.kind}</code>.
          </>
        )}
      </p>
      <Island name="table" props={{ table: objectTable(table, drawn) }} />
    </details>
  );
}

function drawnObjects({ timeline, lifetimes }: Result): ReadonlySet<string> {
  const drawn = new Set<string>();
  for (const { kind, id } of [...timeline.flatMap(({ items }) => items), ...lifetimes.objects]) {
    if (id !== undefined) drawn.add(`${kind} ${id}`);
  }
  return drawn;
}
