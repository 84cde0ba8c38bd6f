/** Writes what is known of the capture itself: the rows that hold for every analysis. */
import type { OccurrenceKind } from '../kernel/occurrence.ts';
import type { Capture, CaptureInput, Problem } from '../parsers/parser.ts';
import { eventTypeName } from '../store/event-view.ts';
import {
  bufferTable,
  captureFactTable,
  captureTable,
  cpuTable,
  eventTypeTable,
  inputTable,
  lossTable,
  occurrenceTable,
  probeCheckTable,
  problemTable,
  SCHEMA_VERSION,
} from '../store/schema.ts';
import type { StoredField } from '../store/stored-events.ts';
import type { Row, Table } from '../store/table.ts';
import type { StoreWriter } from '../store/writer.ts';
import { VERSION } from '../version.ts';
import { inputsOf } from './inputs.ts';
import { endOfRecording, lastMoment, type Recognition, startOfRecording } from './recognition.ts';

/** Guessed probes listed by name. */
const GUESSES_NAMED = 20;

export interface StoreFacts {
  readonly path: string;
  readonly identity: string;
  readonly options: string;
}

/** Rows without an id of their own, numbered from `first`. */
export function insertAll(
  writer: StoreWriter,
  table: Table,
  rows: readonly Omit<Row, 'id'>[],
  first = 1,
): void {
  rows.forEach((row, n) => {
    writer.insert(table, { ...row, id: first + n });
  });
}

export function writeCapture(
  writer: StoreWriter,
  capture: Capture,
  facts: StoreFacts,
  { probeChecks, guesses }: Pick<Recognition, 'probeChecks' | 'guesses'>,
): void {
  const { header } = capture;
  insertAll(
    writer,
    probeCheckTable,
    probeChecks.map((check) => ({ ...check, reason: check.reason ?? null })),
  );
  insertAll(writer, captureTable, [
    {
      path: facts.path,
      identity: facts.identity,
      options: facts.options,
      tool_version: VERSION,
      schema_version: SCHEMA_VERSION,
      format: header.format,
      version: header.version,
      endian: header.endian,
      size_bytes: header.sizeBytes,
      uname: header.uname ?? null,
      clock_name: header.clock.name,
      clock_unit: header.clock.unit,
      clock_base: String(header.clock.base),
      clock_converted: header.clock.converted ?? null,
      cpus: header.cpus,
      duration_ns: lastMoment(capture),
      start_ns: startOfRecording(capture),
      end_ns: endOfRecording(capture),
      events: capture.counts.reduce((sum, count) => sum + count.events, 0),
      sane_probes: probeChecks.some((check) => check.failed > 0) ? 0 : 1,
      per_task: header.facts['per-task'] === undefined ? 0 : 1,
    },
  ]);
  insertAll(
    writer,
    captureFactTable,
    Object.entries(header.facts).map(([name, value]) => ({ name, value })),
  );
  writeInputs(writer, inputsOf(capture, facts.path));
  writeBuffers(writer, capture);
  insertAll(
    writer,
    lossTable,
    capture.losses.map((loss) => ({
      buffer_id: loss.buffer,
      cpu: loss.cpu,
      from_ts: loss.from,
      to_ts: loss.to,
      events: loss.events,
      kind: loss.kind,
    })),
  );
  insertAll(
    writer,
    problemTable,
    [...capture.problems, ...guessProblem(guesses)].map((problem) => ({ ...problem })),
  );
}

/** One problem for all probes whose function could only be guessed. */
function guessProblem(guesses: Recognition['guesses']): Problem[] {
  if (guesses.length === 0) return [];
  const list = guesses.map(
    (guess) => `${eventTypeName({ ...guess, name: guess.event })} = ${guess.function}`,
  );
  const more = list.length > GUESSES_NAMED ? `, and ${list.length - GUESSES_NAMED} more` : '';
  return [
    {
      code: 'guessed-probe',
      severity: 'info',
      message: `which function a probe is on is not recorded, so it is taken from the probe’s name: ${list.slice(0, GUESSES_NAMED).join(', ')}${more}`,
      count: 1,
    },
  ];
}

/** The ids count from 0, as buffers do. */
function writeInputs(writer: StoreWriter, inputs: readonly CaptureInput[]): void {
  insertAll(
    writer,
    inputTable,
    inputs.map((input) => ({
      path: input.path,
      part: input.part ?? null,
      format: input.format,
      version: input.version,
      size_bytes: input.sizeBytes,
      from_ts: input.first,
      to_ts: input.last,
      uname: input.uname ?? null,
      clock: input.clock,
      is_log: input.isLog ? 1 : 0,
      boot: input.boot,
      aligned: input.alignment.how,
      offset_ns: String(input.alignment.offset),
      error_ns: input.alignment.error ?? null,
      anchors: input.alignment.anchors,
      reason: input.alignment.reason,
    })),
    0,
  );
}

/** Index of the input a buffer is of. */
function inputOfBuffer({ header }: Capture, buffer: number): number {
  const { inputs } = header;
  if (!inputs) return 0;
  return inputs.findLastIndex(({ buffers }) => buffers.length > 0 && buffers.first <= buffer);
}

function writeBuffers(writer: StoreWriter, capture: Capture): void {
  const { buffers } = capture.header;
  insertAll(
    writer,
    bufferTable,
    buffers.map(({ name, clock }, n) => ({ name, clock, input_id: inputOfBuffer(capture, n) })),
    0,
  );
  insertAll(
    writer,
    cpuTable,
    buffers.flatMap((buffer, n) => buffer.cpus.map((cpu) => ({ buffer_id: n, cpu }))),
  );
}

/** The ids are those of `CaptureHeader.eventTypes`. */
export function writeEventTypes(
  writer: StoreWriter,
  capture: Capture,
  selected: (typeIndex: number) => boolean,
): void {
  for (const type of capture.header.eventTypes) {
    const table = writer.eventTable(type.index);
    const count = capture.counts[type.index];
    const fields: StoredField[] | typeof type.fields =
      table?.columns.map(({ column, field }) => ({ ...field, column })) ?? type.fields;
    writer.insert(eventTypeTable, {
      id: type.index,
      system: type.system,
      name: type.name,
      type_id: type.id,
      selected: selected(type.index) ? 1 : 0,
      table_name: table?.name ?? null,
      events: count?.events ?? 0,
      first_ts: count?.first ?? null,
      last_ts: count?.last ?? null,
      print_format: type.printFormat,
      fields: JSON.stringify(fields),
    });
  }
}

export function writeOccurrences(
  writer: StoreWriter,
  kinds: Iterable<OccurrenceKind>,
  seen: ReadonlyMap<OccurrenceKind, number>,
  possible: (kind: OccurrenceKind) => boolean,
): void {
  insertAll(
    writer,
    occurrenceTable,
    [...new Set([...kinds, ...seen.keys()])].map((kind) => {
      const count = seen.get(kind) ?? 0;
      return { kind, seen: count, observable: count > 0 || possible(kind) ? 1 : 0 };
    }),
  );
}
