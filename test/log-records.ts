/** Runs lines of a kernel log through the catalogue, as a capture that holds them would. */
import { LogAssembler } from '../src/kernel/log-lines/assembler.ts';
import type { OccurrenceOf } from '../src/kernel/occurrence.ts';

export type LogOccurrence = OccurrenceOf<'log.record'>;

/** Seconds in brackets in front of a line, or the line's number in milliseconds. */
const STAMP = /^\[ *(\d+\.\d+)\]/;

/**
 * The records of a log, in the order they are complete. Each line is an event of its own, counted from
 * 1; `printed` gives the lines of one printk record as one text.
 */
export function records(...printed: readonly string[]): LogOccurrence[] {
  return recordsOfBoots(printed);
}

export function recordsOfBoots(...boots: readonly (readonly string[])[]): LogOccurrence[] {
  const assembler = new LogAssembler();
  let event = 0;
  boots.forEach((lines, buffer) => {
    for (const line of lines) {
      event += 1;
      const seconds = STAMP.exec(line)?.[1];
      const ts = seconds === undefined ? event * 1e6 : Math.round(Number(seconds) * 1e9);
      assembler.add(line, { event, ts, cpu: 0, tid: 0 }, buffer);
    }
  });
  assembler.flush();
  return given(assembler);
}

function given(assembler: LogAssembler): LogOccurrence[] {
  const list: LogOccurrence[] = [];
  for (let record = assembler.next(); record; record = assembler.next()) list.push(record);
  return list;
}

/** The only record of these lines. */
export function record(...printed: readonly string[]): LogOccurrence {
  const [only, ...others] = records(...printed);
  if (!only || others.length > 0) {
    throw new Error(
      `${only ? others.length + 1 : 0} records: ${JSON.stringify([only, ...others])}`,
    );
  }
  return only;
}
