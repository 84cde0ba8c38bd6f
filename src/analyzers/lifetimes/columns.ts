import type { Column, ColumnType, Holds } from '../../store/table.ts';

/** A nullable column; `doc` says the unit and what NULL means where that is not "unknown". */
export function column(name: string, type: ColumnType, doc: string): Column {
  return { name, type, doc };
}

/** A number that only names something, or is neither of the ones below. */
export function integer(name: string, doc: string): Column {
  return column(name, 'INTEGER', doc);
}

export function text(name: string, doc: string): Column {
  return column(name, 'TEXT', doc);
}

function holding(name: string, doc: string, holds: Holds): Column {
  return { name, type: 'INTEGER', doc, holds };
}

/** Relative ns of a moment. */
export function moment(name: string, doc: string): Column {
  return holding(name, doc, 'time');
}

/** Nanoseconds between two moments. */
export function duration(name: string, doc: string): Column {
  return holding(name, doc, 'duration');
}

/** The ordinal of an event, its id in the view `event`. */
export function ordinal(name: string, doc: string): Column {
  return holding(name, doc, 'event');
}

/** How many. */
export function counter(name: string, doc: string): Column {
  return holding(name, doc, 'count');
}

export function bytes(name: string, doc: string): Column {
  return holding(name, doc, 'bytes');
}

/** A kernel pointer, an address of a process or a device, or bits: read as hexadecimal. */
export function address(name: string, doc: string): Column {
  return holding(name, doc, 'address');
}

/** What a kernel function returned: an error where it is negative. */
export function errno(name: string, doc: string): Column {
  return holding(name, doc, 'errno');
}

/** 1 or 0. */
export function yesNo(name: string, doc: string): Column {
  return holding(name, doc, 'flag');
}

/** A thread's tid. */
export function thread(name: string, doc: string): Column {
  return holding(name, doc, 'thread');
}

/** The id of a row of the object table `kind`. */
export function reference(name: string, kind: string, doc: string): Column {
  return holding(name, doc, { object: kind });
}

/** A value of an enum of the kernel, by its names. */
export function named(name: string, names: readonly string[], doc: string): Column {
  return holding(name, doc, { names });
}

/** The columns every object table has: when it lived and whether events were lost meanwhile. */
export function span(start: string, end: string): readonly Column[] {
  return [
    moment('start_ts', `Start, relative ns: ${start}; NULL = before the capture began.`),
    moment('end_ts', `End, relative ns: ${end}; NULL = not ended when the capture did.`),
    ordinal('start_event', 'Event that started it; NULL as start_ts.'),
    ordinal('end_event', 'Event that ended it; NULL as end_ts.'),
    yesNo('lossy', '1 = events of the capture were lost during its life.'),
  ];
}
