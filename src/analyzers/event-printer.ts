import type { Capture, CaptureHeader, EventType, Fields } from '../parsers/parser.ts';
import { stampBases } from '../parsers/several/stamp-bases.ts';
import type { StoreReader } from '../store/reader.ts';

/** How to write an event out; what a capture can do, or a stored format. */
export interface EventPrinter {
  /** Whether `print` writes this event as trace-cmd report does; otherwise it does field by field. */
  isExact(event: number): boolean;
  print(type: EventType, fields: Fields, event: number): string;
  comm(tid: number, buffer: number): string | undefined;
  /** The absolute stamp of an event whose clock is not aligned, decimal; of others it follows from `ts`. */
  stamp(buffer: number, ts: number): string | undefined;
}

/** Prints as `trace-cmd report` does. */
export function capturePrinter(capture: Capture): EventPrinter {
  return {
    isExact: () => true,
    print: (type, fields) =>
      capture.print(capture.header.eventTypes[type.index] ?? type, fields, 'plugins'),
    comm: (tid, buffer) => capture.comm(tid, buffer),
    stamp: ownStamps(capture.header),
  };
}

/** Prints without the capture: as it was printed when the store was made, else field by field. */
export function storedPrinter(store: StoreReader): EventPrinter {
  const lines = store.all<{ event_id: number; tid: number; comm: string | null; text: string }>(
    `SELECT event_id, tid, comm, text FROM event_text
     UNION ALL SELECT event_id, tid, comm, text FROM evidence`,
  );
  const texts = new Map(lines.map((line) => [line.event_id, line.text]));
  const comms = new Map(lines.map((line) => [line.tid, line.comm ?? undefined]));
  return {
    isExact: (event) => texts.has(event),
    print: (_, fields, event) => texts.get(event) ?? plainText(fields),
    comm: (tid) => comms.get(tid),
    stamp: storedStamps(store),
  };
}

function ownStamps(header: CaptureHeader): EventPrinter['stamp'] {
  const bases = stampBases(header);
  return (buffer, ts) => {
    const base = bases[buffer];
    return stampOf(base === header.clock.base ? undefined : base, ts);
  };
}

function storedStamps(store: StoreReader): EventPrinter['stamp'] {
  const rows = store.allNumbers<{ id: number; offset_ns: string; clock_base: string }>(
    `SELECT buffer.id, offset_ns, clock_base FROM buffer JOIN input ON input.id = input_id, capture
      WHERE error_ns IS NULL`,
  );
  const bases = new Map(
    rows.map((row) => [row.id, BigInt(row.clock_base) - BigInt(row.offset_ns)]),
  );
  return (buffer, ts) => stampOf(bases.get(buffer), ts);
}

function stampOf(base: bigint | undefined, ts: number): string | undefined {
  return base === undefined ? undefined : String(base + BigInt(Math.round(ts)));
}

function plainText(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}
