/** One event of a scenario into the bytes the kernel would have written into its ring buffer. */
import type { WriterField, WriterFormat } from './kernel-formats.ts';

export type ScenarioValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | readonly (number | bigint)[];

export type ScenarioFields = Readonly<Record<string, ScenarioValue>>;

export interface CommonFields {
  readonly tid: number;
  /** common_flags; 0 when absent. */
  readonly flags?: number;
  readonly preemptCount?: number;
}

/**
 * The record's payload. Fields not given are zero or empty.
 * @throws Error when a field is given that the format does not have, or a value does not fit it.
 */
export function encodeEvent(
  format: WriterFormat,
  fields: ScenarioFields,
  common: CommonFields,
  littleEndian: boolean,
): Uint8Array {
  for (const name of Object.keys(fields)) {
    if (!format.fields.some((field) => field.name === name)) {
      throw new Error(
        `${format.system}:${format.name} has no field ${name}; it has ${format.fields
          .slice(4)
          .map((field) => field.name)
          .join(', ')}`,
      );
    }
  }
  const all: ScenarioFields = {
    ...fields,
    common_type: format.id,
    common_flags: common.flags ?? 0,
    common_preempt_count: common.preemptCount ?? 0,
    common_pid: common.tid,
  };
  const dynamic = format.fields.map((field) => dynamicBytes(field, all[field.name], littleEndian));
  const total = dynamic.reduce((sum, bytes) => sum + (bytes?.length ?? 0), format.fixedSize);
  const record = new Uint8Array(total);
  const view = new DataView(record.buffer);
  let end = format.fixedSize;
  format.fields.forEach((field, index) => {
    const bytes = dynamic[index];
    if (bytes) {
      record.set(bytes, end);
      if (field.storage !== 'fixed') {
        // include/trace/stages: length in the high half; __rel_loc counts from the end of this word.
        const from = field.storage === 'rel_loc' ? end - (field.offset + 4) : end;
        view.setUint32(field.offset, ((bytes.length << 16) | from) >>> 0, littleEndian);
      }
      end += bytes.length;
    } else {
      setFixed(view, field, all[field.name], littleEndian, format);
    }
  });
  return record;
}

/** The bytes a field puts behind the fixed part; undefined when it has none. */
function dynamicBytes(
  field: WriterField,
  value: ScenarioValue | undefined,
  littleEndian: boolean,
): Uint8Array | undefined {
  if (field.storage === 'fixed' && !(field.array && field.size === 0)) return undefined;
  if (value === undefined) return field.text ? new Uint8Array(1) : new Uint8Array(0);
  if (typeof value === 'string') return new TextEncoder().encode(`${value}\0`);
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'object') return elements(value, field.elementSize, littleEndian);
  throw new Error(`${field.name} takes a string, bytes or an array, not ${value}`);
}

function setFixed(
  view: DataView,
  field: WriterField,
  value: ScenarioValue | undefined,
  littleEndian: boolean,
  format: WriterFormat,
): void {
  if (value === undefined) return;
  if (typeof value === 'object' || typeof value === 'string') {
    if (!field.array && typeof value === 'string') {
      throw new Error(`${format.system}:${format.name} ${field.name} is no string`);
    }
    const bytes =
      typeof value === 'string'
        ? new TextEncoder().encode(value).subarray(0, field.size - 1)
        : value instanceof Uint8Array
          ? value
          : elements(value, field.elementSize, littleEndian);
    if (bytes.length > field.size) throw new Error(`${field.name} holds ${field.size} bytes`);
    new Uint8Array(view.buffer).set(bytes, field.offset);
    return;
  }
  setInteger(view, field.offset, field.size, value, littleEndian);
}

function elements(
  values: readonly (number | bigint)[],
  size: number,
  littleEndian: boolean,
): Uint8Array {
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    setInteger(view, index * size, size, value, littleEndian);
  });
  return bytes;
}

function setInteger(
  view: DataView,
  at: number,
  size: number,
  value: number | bigint | boolean,
  littleEndian: boolean,
): void {
  const whole = BigInt(value);
  if (size === 8) view.setBigUint64(at, BigInt.asUintN(64, whole), littleEndian);
  else if (size === 4) view.setUint32(at, Number(BigInt.asUintN(32, whole)), littleEndian);
  else if (size === 2) view.setUint16(at, Number(BigInt.asUintN(16, whole)), littleEndian);
  else if (size === 1) view.setUint8(at, Number(BigInt.asUintN(8, whole)));
  else throw new Error(`no integer of ${size} bytes`);
}
