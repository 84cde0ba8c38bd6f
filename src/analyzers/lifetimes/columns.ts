import type { Column, ColumnType } from '../../store/table.ts';

/** A nullable column; `doc` says the unit and what NULL means where that is not "unknown". */
export function column(name: string, type: ColumnType, doc: string): Column {
  return { name, type, doc };
}

export function integer(name: string, doc: string): Column {
  return column(name, 'INTEGER', doc);
}

export function text(name: string, doc: string): Column {
  return column(name, 'TEXT', doc);
}

/** The columns every object table has: when it lived and whether events were lost meanwhile. */
export function span(start: string, end: string): readonly Column[] {
  return [
    integer('start_ts', `Start, relative ns: ${start}; NULL = before the capture began.`),
    integer('end_ts', `End, relative ns: ${end}; NULL = not ended when the capture did.`),
    integer('start_event', 'Event that started it; NULL as start_ts.'),
    integer('end_event', 'Event that ended it; NULL as end_ts.'),
    integer('lossy', '1 = events of the capture were lost during its life.'),
  ];
}
