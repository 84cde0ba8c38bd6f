/** The tables every store has, whatever was captured. Object tables are declared by their lifetimes. */
import type { Column, ColumnType, Table } from './table.ts';

/** Raised whenever a table changes its meaning: an older store is analysed anew. */
export const SCHEMA_VERSION = 3;

const column = (name: string, type: ColumnType, doc: string): Column => ({ name, type, doc });
const required = (name: string, type: ColumnType, doc: string): Column => ({
  name,
  type,
  doc,
  notNull: true,
});

export const captureTable: Table = {
  name: 'capture',
  doc: 'The capture this store was made from, of one input or several; one row.',
  columns: [
    required('path', 'TEXT', 'Path as it was given; of several inputs all, with + between them.'),
    required('identity', 'TEXT', 'Size, change time and digest of samples of each file.'),
    required('options', 'TEXT', 'Options that decide what is stored, as JSON.'),
    required('tool_version', 'TEXT', 'Version of svm-trace that wrote it.'),
    required('schema_version', 'INTEGER', 'Version of these tables.'),
    required('format', 'TEXT', 'File format, for example `trace.dat`.'),
    required('version', 'TEXT', 'Version of that format.'),
    required('endian', 'TEXT', "'little' or 'big'."),
    required('size_bytes', 'INTEGER', 'Bytes of the file.'),
    column('uname', 'TEXT', 'uname of the recorded kernel; NULL = not recorded.'),
    required('clock_name', 'TEXT', 'Trace clock in the kernel’s word, or `unknown`.'),
    required('clock_unit', 'TEXT', "'ns', or 'ticks' where nothing says how long one is."),
    required('clock_base', 'TEXT', 'Absolute time stamp of the first event: ts 0. Decimal text.'),
    column('clock_converted', 'TEXT', 'How stamps were converted; NULL = as recorded.'),
    required('cpus', 'INTEGER', 'CPUs of the recorded machine.'),
    required('duration_ns', 'INTEGER', 'ts of the last event.'),
    required('start_ns', 'INTEGER', 'From when on it was recorded what happens, …'),
    required('end_ns', 'INTEGER', '… until when; logs among several inputs may tell of days.'),
    required('events', 'INTEGER', 'Events in the file, stored or only counted.'),
    required(
      'sane_probes',
      'INTEGER',
      '0 = a probe recorded impossible arguments: see probe_check.',
    ),
    required('per_task', 'INTEGER', '1 = only one task and its children were recorded.'),
  ],
};

export const captureFactTable: Table = {
  name: 'capture_fact',
  doc: 'What else the file says about itself and its recorder.',
  columns: [required('name', 'TEXT', 'What.'), required('value', 'TEXT', 'Its value, as text.')],
};

export const inputTable: Table = {
  name: 'input',
  doc: 'A file the capture was put together from, and how its clock was aligned with the others. The ids count from 0.',
  columns: [
    required('path', 'TEXT', 'Path as it was given.'),
    column('part', 'TEXT', 'The only boot of a log that is used; NULL = all of it.'),
    required('format', 'TEXT', 'File format.'),
    required('version', 'TEXT', 'Version of that format.'),
    required('size_bytes', 'INTEGER', 'Bytes of the file.'),
    required('from_ts', 'INTEGER', 'ts of its first event.'),
    required('to_ts', 'INTEGER', 'ts of its last event.'),
    column('uname', 'TEXT', 'uname of its kernel; NULL = not recorded.'),
    required('clock', 'TEXT', 'Its own clock.'),
    required('is_log', 'INTEGER', '1 = tells what was said, not all that happened.'),
    required('boot', 'INTEGER', 'Inputs with the same number are of one boot of one machine.'),
    required(
      'aligned',
      'TEXT',
      "What ties its clock to that of the 'reference': 'lines', 'marks' or 'events' in both, the same 'clock', the 'wall' clock, its 'host'; 'none' = nothing.",
    ),
    required('offset_ns', 'TEXT', 'ns added to its absolute stamps, decimal text.'),
    column('error_ns', 'INTEGER', 'The offset is right within ± this; NULL = not aligned.'),
    required('anchors', 'INTEGER', 'Happenings found in both inputs that agree on the offset.'),
    required('reason', 'TEXT', 'What ties it, or why nothing does.'),
  ],
};

export const bufferTable: Table = {
  name: 'buffer',
  doc: 'A ring buffer: the top one (empty name) or a named instance. id is what events call buffer.',
  columns: [
    required('name', 'TEXT', 'Instance name; empty for the top buffer.'),
    required('clock', 'TEXT', 'Its trace clock.'),
    required('input_id', 'INTEGER', 'input.id.'),
  ],
};

export const cpuTable: Table = {
  name: 'cpu',
  doc: 'A CPU that has data in a buffer.',
  columns: [
    required('buffer_id', 'INTEGER', 'buffer.id.'),
    required('cpu', 'INTEGER', 'Number of the CPU.'),
  ],
};

export const eventTypeTable: Table = {
  name: 'event_type',
  doc: 'An event type the file declares, whether or not it occurred.',
  columns: [
    required('system', 'TEXT', 'Event system; empty where the format does not record it.'),
    required('name', 'TEXT', 'Event name.'),
    required('type_id', 'INTEGER', 'Id the file uses (common_type); -1 where it has none.'),
    required('selected', 'INTEGER', '1 = its events are rows; 0 = only counted.'),
    column('table_name', 'TEXT', 'Table of its events; NULL = not selected, or none occurred.'),
    required('events', 'INTEGER', 'Events in the file.'),
    column('first_ts', 'INTEGER', 'ts of the first one; NULL = none.'),
    column('last_ts', 'INTEGER', 'ts of the last one; NULL = none.'),
    required('print_format', 'TEXT', 'The kernel’s `print fmt:`; empty where unknown.'),
    required(
      'fields',
      'TEXT',
      'JSON array of its fields: name, declaration, kind, signed, size, and the column they are stored in.',
    ),
  ],
};

export const problemTable: Table = {
  name: 'problem',
  doc: 'Something in the file that is damaged or unknown.',
  columns: [
    required('code', 'TEXT', 'Stable name.'),
    required('severity', 'TEXT', "'info', 'data-loss' or 'error'."),
    required('message', 'TEXT', 'One sentence.'),
    required('count', 'INTEGER', 'How often.'),
  ],
};

export const lossTable: Table = {
  name: 'loss',
  doc: 'Events the recorder lost on one CPU.',
  columns: [
    required('buffer_id', 'INTEGER', 'buffer.id.'),
    required('cpu', 'INTEGER', 'Number of the CPU.'),
    column('from_ts', 'INTEGER', 'Last event before the gap; NULL = the gap is at the start.'),
    column('to_ts', 'INTEGER', 'First event after the gap; NULL = nothing follows.'),
    column('events', 'INTEGER', 'How many; NULL = not known.'),
    required(
      'kind',
      'TEXT',
      "'overwritten', 'dropped', 'truncated', or 'ended': an input that ended before the others.",
    ),
  ],
};

export const occurrenceTable: Table = {
  name: 'occurrence',
  doc: 'A kind of kernel happening the tool knows, and whether this capture could show it.',
  columns: [
    required('kind', 'TEXT', 'For example `fence.signaled`.'),
    required('seen', 'INTEGER', 'How often it was seen.'),
    required(
      'observable',
      'INTEGER',
      '1 = seen, or its event was recorded and would have shown it.',
    ),
  ],
};

export const probeCheckTable: Table = {
  name: 'probe_check',
  doc: 'Whether the arguments a probe recorded can be what their names say. One row per probe event.',
  columns: [
    required('system', 'TEXT', 'Event system of the probe.'),
    required('event', 'TEXT', 'Its event name.'),
    required('function', 'TEXT', 'Kernel function it is on.'),
    required('checked', 'INTEGER', 'Records looked at.'),
    required(
      'failed',
      'INTEGER',
      'Records with impossible arguments: none of its arguments is believed.',
    ),
    column('reason', 'TEXT', 'The first failure; NULL = none.'),
  ],
};

export const findingTable: Table = {
  name: 'finding',
  doc: 'A failure a detector found.',
  columns: [
    required('finding', 'TEXT', 'Id, stable for the same capture: `<detector>-<8 hex digits>`.'),
    required('detector', 'TEXT', 'Detector that found it.'),
    required('severity', 'TEXT', "'info', 'warn', 'error' or 'critical'."),
    required('confidence', 'TEXT', "'suspect', 'likely' or 'proven'."),
    required('summary', 'TEXT', 'One sentence.'),
    required('from_ts', 'INTEGER', 'Start of what it is about.'),
    required('to_ts', 'INTEGER', 'Its end.'),
    required('details', 'TEXT', 'JSON array of {label, value}; values carry their unit.'),
    required('next', 'TEXT', 'JSON array of sentences: what to look at next.'),
    required('identity', 'TEXT', 'JSON array: what makes it the same finding in another run.'),
    required('key', 'TEXT', 'JSON object for scripts: pid, tid, fence, mm, …'),
    required('evidence_omitted', 'INTEGER', 'Evidence events that are not listed in evidence.'),
    column('chain', 'TEXT', 'JSON: the chain of causes, hop by hop; NULL = nothing stood still.'),
  ],
};

export const findingObjectTable: Table = {
  name: 'finding_object',
  doc: 'An object a finding is about.',
  columns: [
    required('finding_id', 'INTEGER', 'finding.id.'),
    required('kind', 'TEXT', 'Object table.'),
    required('object_id', 'INTEGER', 'id in that table.'),
    required('label', 'TEXT', 'What a reader calls it.'),
  ],
  indexes: [['finding_id']],
};

export const evidenceTable: Table = {
  name: 'evidence',
  doc: 'An event that shows a finding.',
  columns: [
    required('finding_id', 'INTEGER', 'finding.id.'),
    required('event_id', 'INTEGER', 'id of the event in its table and in the view event.'),
    required('ts', 'INTEGER', 'Its time.'),
    required('cpu', 'INTEGER', 'CPU it was recorded on.'),
    required('tid', 'INTEGER', 'Thread it was recorded in.'),
    column('stamp', 'TEXT', 'Its absolute stamp, decimal, where its clock is not aligned.'),
    column('comm', 'TEXT', 'Name of that thread as far as the capture says.'),
    required('type', 'TEXT', '`system:event`.'),
    required('text', 'TEXT', 'Payload as trace-cmd report prints it.'),
  ],
  indexes: [['finding_id']],
};

export const eventTextTable: Table = {
  name: 'event_text',
  doc: 'An event of an object that findings are about, or that a report made together with the database draws.',
  columns: [
    required('event_id', 'INTEGER', 'id of the event in its table and in the view event.'),
    required('tid', 'INTEGER', 'Thread it was recorded in.'),
    column('comm', 'TEXT', 'Name of that thread as far as the capture says.'),
    required('text', 'TEXT', 'Payload as trace-cmd report prints it.'),
  ],
};

export const detectorRunTable: Table = {
  name: 'detector_run',
  doc: 'How each detector ended.',
  columns: [
    required('detector', 'TEXT', 'Detector.'),
    required('outcome', 'TEXT', "'findings', 'clean', 'not-observable' or 'error'."),
    required('findings', 'INTEGER', 'Number of findings.'),
    column('reason', 'TEXT', 'Why it could not look, or its error.'),
    column('enable', 'TEXT', 'JSON array of events or kprobe_events lines that would let it look.'),
  ],
};

export const metricTable: Table = {
  name: 'metric',
  doc: 'One metric of the capture (see metrics.md): a distribution of durations, or a rate.',
  columns: [
    required('name', 'TEXT', 'Metric, for example `invalidation-duration`.'),
    required('kind', 'TEXT', "'duration' or 'rate'."),
    required('unit', 'TEXT', 'Unit of sum and quantiles, or of what a rate is counted against.'),
    required('count', 'INTEGER', 'Measured objects, or events of a rate.'),
    column('sum', 'INTEGER', 'Sum of the durations; NULL = a rate.'),
    column('quantiles', 'TEXT', 'JSON array of {q, value}; NULL = a rate.'),
    column('denominator', 'REAL', 'What a rate is counted against; NULL = a distribution.'),
    required('duration_ns', 'INTEGER', 'Length of the capture.'),
  ],
};

/** Every table above, in the order they are created. */
export const schemaTables: readonly Table[] = [
  captureTable,
  captureFactTable,
  inputTable,
  bufferTable,
  cpuTable,
  eventTypeTable,
  problemTable,
  lossTable,
  occurrenceTable,
  probeCheckTable,
  findingTable,
  findingObjectTable,
  evidenceTable,
  eventTextTable,
  detectorRunTable,
  metricTable,
];
