import type { Fields, FieldValue } from '../parsers/parser.ts';
import type { Word } from './occurrence.ts';
import type { ProbeTarget } from './probe-target.ts';

const NOT_ARGUMENTS: ReadonlySet<string> = new Set([
  // the whole event, in text recordings
  'payload',
  '__probe_ip',
  '__probe_func',
  '__probe_ret_ip',
  'func',
  'depth',
  'calltime',
  'rettime',
  'overrun',
  'ip',
  'parent_ip',
]);

/** What an unknown probe recorded besides where it is. */
export function plainArguments(fields: Fields): Record<string, Word | string> {
  const args: Record<string, Word | string> = {};
  for (const name in fields) {
    if (NOT_ARGUMENTS.has(name)) continue;
    const value = fields[name];
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') {
      args[name] = value;
    }
  }
  return args;
}

/** With func-args (6.15) the function tracers record the argument registers as `args`. */
export function withParameters(target: ProbeTarget, fields: Fields): Fields {
  const registers = fields.args;
  if (target.parameters.length === 0 || !Array.isArray(registers)) return fields;
  const named: Record<string, FieldValue> = { ...fields };
  target.parameters.forEach((name, index) => {
    const value = (registers as readonly Word[])[index];
    if (value !== undefined) named[name] = value;
  });
  return named;
}
