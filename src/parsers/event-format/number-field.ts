import type { Fields } from '../parser.ts';
import type { Scope } from './evaluate.ts';
import { type Unsigned, unsignedOf } from './integer.ts';

/** Reads a field as the unsigned 64-bit integer the plugins work with. */
export function numberField(
  scope: Scope,
  name: string,
): ((fields: Fields) => Unsigned) | undefined {
  const field = scope.format.fields.find((candidate) => candidate.recordedName === name);
  if (!field) return undefined;
  return (fields) => {
    const value = fields[field.name];
    if (typeof value !== 'number' && typeof value !== 'bigint') return 0;
    return unsignedOf(value, field.totalSize);
  };
}
