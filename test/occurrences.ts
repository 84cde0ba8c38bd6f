/** What the catalogue makes of a capture's events, one occurrence after another. */
import type { Occurrence } from '../src/kernel/occurrence.ts';
import { createRecogniser } from '../src/kernel/recognise.ts';
import { openCapture } from '../src/parsers/detect.ts';
import type { EventType } from '../src/parsers/parser.ts';

export interface Recognised {
  readonly occurrences: readonly Occurrence[];
  /** `system:event` of the events that get a row. */
  readonly rows: readonly string[];
}

export function recogniseAll(path: string): Recognised {
  const capture = openCapture(path);
  const recogniser = createRecogniser(capture.header, (address) => capture.symbol(address));
  const types = capture.header.eventTypes;
  const occurrences: Occurrence[] = [];
  const rows: string[] = [];
  for (const batch of capture.batches({ select: (type) => recogniser.select(type) })) {
    for (let i = 0; i < batch.length; i += 1) {
      const type = types[batch.type[i] ?? 0] as EventType;
      const fields = batch.fields(i);
      const moment = {
        event: batch.id[i] ?? 0,
        ts: batch.ts[i] ?? 0,
        cpu: batch.cpu[i] ?? 0,
        tid: batch.tid[i] ?? 0,
      };
      const occurrence = recogniser.recognise(type, fields, moment);
      if (occurrence) occurrences.push(occurrence);
      if (recogniser.keepRow(type, fields)) rows.push(`${type.system}:${type.name}`);
    }
  }
  capture.close();
  return { occurrences, rows };
}
