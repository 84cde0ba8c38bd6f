import type { Capture, EventType, Fields } from '../parsers/parser.ts';
import type { StoreReader } from '../store/reader.ts';

/** How to write an event out; what a capture can do, or a stored format. */
export interface EventPrinter {
  print(type: EventType, fields: Fields, event: number): string;
  comm(tid: number): string | undefined;
}

/** Prints as `trace-cmd report` does. */
export function capturePrinter(capture: Capture): EventPrinter {
  return {
    print: (type, fields) =>
      capture.print(capture.header.eventTypes[type.index] ?? type, fields, 'plugins'),
    comm: (tid) => capture.comm(tid),
  };
}

/** Prints without the capture: as it was printed when the store was made, else field by field. */
export function storedPrinter(store: StoreReader): EventPrinter {
  const lines = store.all<{ event_id: number; tid: number; comm: string | null; text: string }>(
    'SELECT event_id, tid, comm, text FROM evidence',
  );
  const texts = new Map(lines.map((line) => [line.event_id, line.text]));
  const comms = new Map(lines.map((line) => [line.tid, line.comm ?? undefined]));
  return {
    print: (_, fields, event) => texts.get(event) ?? plainText(fields),
    comm: (tid) => comms.get(tid),
  };
}

function plainText(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}
