import type { ObjectColumn, ObjectTable } from '../../../analyzers/result.ts';
import { objectAnchor, timelineAnchor } from './object-anchor.ts';
import { pack, type TableColumn, type TableData } from './table-data.ts';

/** `drawn`: whether the timeline can show an object of this kind. */
export function objectTable(table: ObjectTable, drawn: (id: number) => boolean): TableData {
  const { kind, rows } = table;
  const ids = rows.map(([id]) => Number(id));
  const findings = ids.map((id) => table.findings[id]?.join(' ') ?? null);
  const onTimeline = ids.map((id) => (drawn(id) ? id : null));
  const [id, ...others] = table.columns.map((column, n) =>
    tableColumn(
      column,
      rows.map((row) => row[n] ?? null),
    ),
  );
  if (id === undefined) throw new Error(`the table of ${kind} has no id`);
  const hasFindings = findings.some((about) => about !== null);
  return {
    label: kind.replaceAll('_', ' '),
    rows: rows.length,
    anchor: objectAnchor(kind),
    columns: [
      { ...id, link: { prefix: `#${objectAnchor(kind)}` } },
      ...(hasFindings ? [findingColumn(findings)] : []),
      ...(onTimeline.some((at) => at !== null) ? [timelineColumn(kind, onTimeline)] : []),
      ...others,
    ],
    ...(hasFindings ? { order: { column: 1, descending: false } } : {}),
  };
}

function tableColumn(
  { title, doc, type, kind, labels }: ObjectColumn,
  cells: ObjectTable['rows'][number],
): TableColumn {
  return {
    title,
    doc,
    type,
    cells: pack(cells),
    ...(labels === undefined ? {} : { labels }),
    ...(kind === undefined ? {} : { link: { prefix: `#${objectAnchor(kind)}` } }),
  };
}

function findingColumn(findings: readonly (string | null)[]): TableColumn {
  return {
    title: 'findings',
    doc: 'The findings that are about it.',
    type: 'findings',
    cells: pack(findings),
  };
}

function timelineColumn(kind: string, ids: readonly (number | null)[]): TableColumn {
  return {
    title: 'timeline',
    doc: 'Where it is drawn.',
    type: 'number',
    cells: ids,
    link: { prefix: `#${timelineAnchor(kind)}`, word: 'show' },
  };
}
