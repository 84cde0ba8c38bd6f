import { type EventFormat, parseFormat } from '../event-format/format.ts';
import type { EventType } from '../parser.ts';
import type { ProblemLog } from '../problem-log.ts';
import type { CommonFields } from './rows.ts';
import type { FormatText } from './tracing-metadata.ts';

/** An event type and the format its decoder and printer are made from. */
export interface TypeFormat {
  readonly type: EventType;
  readonly format: EventFormat;
}

/** Formats without a name or an id cannot belong to any event and are left out. */
export function readEventTypes(texts: readonly FormatText[], problems: ProblemLog): TypeFormat[] {
  const types: TypeFormat[] = [];
  for (const { system, text } of texts) {
    const format = parseFormat(text);
    if (format.problems.length > 0) {
      problems.add(
        'odd-format',
        'info',
        `the format of ${system}:${format.name} holds what is not understood: ${format.problems.join(', ')}`,
      );
    }
    if (format.id < 0 || format.name === '') continue;
    const { id, name, fields, printFormat } = format;
    types.push({ type: { index: types.length, id, system, name, fields, printFormat }, format });
  }
  return types;
}

/** All types share the common fields, so any format that states them will do. */
export function commonFieldsOf(types: readonly TypeFormat[]): CommonFields {
  const common = types.find(({ format }) => format.common.length > 0)?.format.common ?? [];
  const offset = (name: string, usual: number): number =>
    common.find((field) => field.name === name)?.offset ?? usual;
  return {
    flags: offset('common_flags', 2),
    preemptCount: offset('common_preempt_count', 3),
    pid: offset('common_pid', 4),
  };
}
