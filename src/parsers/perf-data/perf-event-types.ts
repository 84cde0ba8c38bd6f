import type { EventFormat } from '../event-format/format.ts';
import type { ProblemLog } from '../problem-log.ts';
import { readEventTypes, type TypeFormat } from '../trace-dat/event-types.ts';
import { TRACEPOINT } from './attribute.ts';
import type { IndexedEvent } from './event-index.ts';
import type { PerfFile } from './perf-file.ts';

export interface PerfEventTypes {
  readonly types: readonly TypeFormat[];
  /** By the event's place in the index: its type; -1 for what is no tracepoint. */
  readonly ofEvent: Int32Array;
}

/** The event types of a capture: those whose formats are in the file, then those without a format. */
export function perfEventTypes(
  { metadata, facts }: PerfFile,
  events: readonly IndexedEvent[],
  problems: ProblemLog,
): PerfEventTypes {
  const types = readEventTypes(metadata.formats, problems);
  const byId = new Map(types.map(({ type }) => [type.id, type.index]));
  const ofEvent = new Int32Array(events.length).fill(-1);
  let unknown = 0;
  events.forEach(({ attribute }, event) => {
    if (attribute.type !== TRACEPOINT) return;
    let index = byId.get(attribute.config);
    if (index === undefined) {
      const names = attribute.ids.map((id) => facts.eventNames.get(id));
      index = types.length;
      types.push(withoutFormat(index, attribute.config, names.find(Boolean)));
      byId.set(attribute.config, index);
      unknown++;
    }
    if (ofEvent.includes(index)) markAskedTwice(types, index);
    ofEvent[event] = index;
  });
  if (unknown > 0) {
    problems.add(
      'no-event-format',
      'data-loss',
      `${unknown} of the recorded event types have no format in the file: their events are counted and cannot be decoded`,
    );
  }
  return { types, ofEvent };
}

function markAskedTwice(types: TypeFormat[], index: number): void {
  const { type, format } = types[index] as TypeFormat;
  types[index] = { type: { ...type, isAskedTwice: true }, format };
}

function withoutFormat(index: number, id: number, recordedName: string | undefined): TypeFormat {
  const [, system = 'tracepoint', name = String(id)] =
    /^([^:]+):([^:]+)$/.exec(recordedName ?? '') ?? [];
  const format: EventFormat = {
    id,
    name,
    common: [],
    fields: [],
    printFormat: '',
    problems: [],
  };
  return { type: { index, id, system, name, fields: [], printFormat: '' }, format };
}
