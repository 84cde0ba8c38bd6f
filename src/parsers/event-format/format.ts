import type { Field, FieldKind } from '../parser.ts';
import { namesShownAsBytes } from './byte-fields.ts';

/** One field of a record, as its line in the kernel's `format` file declares it. */
export interface FormatField extends Field {
  /** The name as the kernel wrote it; `name` differs where an event declares it twice. */
  readonly recordedName: string;
  /** The declaration without the name, brackets and `__data_loc`: `unsigned long`, `char`. */
  readonly typeName: string;
  readonly offset: number;
  /** Bytes the field takes in the fixed part of the record; 0 where it runs to the record's end. */
  readonly totalSize: number;
  /** Bytes of one element; equal to `totalSize` for what is no array. */
  readonly elementSize: number;
  /** Elements of a fixed array. */
  readonly arrayLength?: number;
  /** `data_loc` and `rel_loc` fields hold where in the record their bytes are (trace_events.h). */
  readonly storage: 'fixed' | 'data_loc' | 'rel_loc';
  /** Runs to the end of the record, whatever size the format states. */
  readonly open: boolean;
  /** The element is a `long` or a pointer of the recorded kernel. */
  readonly long: boolean;
}

export interface EventFormat {
  readonly id: number;
  readonly name: string;
  readonly common: readonly FormatField[];
  readonly fields: readonly FormatField[];
  /** What follows `print fmt:`. */
  readonly printFormat: string;
  /** What the text holds that this grammar does not know; empty for every kernel seen. */
  readonly problems: readonly string[];
}

/**
 * Reads the text of a `format` file (kernel/trace/trace_events.c, f_show). Odd text throws nothing:
 * what can be read is returned, the rest is named in `problems`.
 */
export function parseFormat(text: string): EventFormat {
  const [head, printFormat] = splitAtPrint(text);
  const name = /^name:\s*(\S+)/m.exec(head)?.[1];
  const id = /^ID:\s*(\d+)/m.exec(head)?.[1];
  const problems: string[] = [];
  if (name === undefined) problems.push('no name');
  if (id === undefined) problems.push('no ID');
  const byteWise = namesShownAsBytes(printFormat);
  const common: FormatField[] = [];
  const fields: FormatField[] = [];
  const taken = new Set<string>();
  for (const [, declaration = '', layout = ''] of head.matchAll(FIELD_LINE)) {
    const field = readField(declaration, layout, (fieldName) =>
      name === 'raw_data' ? 'bytes' : byteWise.has(fieldName) ? 'bytes' : 'string',
    );
    if (!field) {
      problems.push(`field ${declaration.trim()}`);
    } else if (fields.length === 0 && field.name.startsWith('common_')) {
      common.push(field);
    } else {
      for (const one of separated(field)) fields.push(named(openedStack(one, name), taken));
    }
  }
  return { id: Number(id ?? -1), name: name ?? '', common, fields, printFormat, problems };
}

/** `<TAB>field:char comm[16];<TAB>offset:8;<TAB>size:16;<TAB>signed:0;`; `special` in 2.6 kernels. */
const FIELD_LINE = /^\s*field(?: special)?:([^;]*);(.*)$/gm;

function splitAtPrint(text: string): [head: string, printFormat: string] {
  const key = 'print fmt:';
  const at = text.indexOf(key);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + key.length).trim()];
}

function readField(
  declaration: string,
  layout: string,
  charArrayKind: (name: string) => 'string' | 'bytes',
): FormatField | undefined {
  const offset = numberOf(layout, 'offset');
  const totalSize = numberOf(layout, 'size');
  if (offset === undefined || totalSize === undefined) return undefined;
  const { storage, typeName, name, dimensions, hasElements } = readDeclaration(declaration);
  // Old kernels (4.11 was seen) declare the text of `print` as `char buf` of size 0.
  const isArray = hasElements || totalSize === 0;
  const elementSize = isArray ? sizeOfElement(typeName, totalSize, dimensions, storage) : totalSize;
  const isText = isArray && /^(?:const )?char$/.test(typeName);
  const kind = isText ? charArrayKind(name) : kindOf(isArray, elementSize);
  const arrayLength = lengthOfArray(storage, isArray, totalSize, elementSize);
  return {
    name,
    recordedName: name,
    declaration: declaration.trim(),
    typeName,
    kind,
    signed: (numberOf(layout, 'signed') ?? signedByType(typeName)) === 1,
    size: elementSize,
    offset,
    totalSize,
    elementSize,
    ...(arrayLength === undefined ? {} : { arrayLength }),
    storage,
    open: isArray && storage === 'fixed' && totalSize === 0,
    long: isLong(typeName),
  };
}

function readDeclaration(declaration: string) {
  const [, location, rest = ''] = /^\s*(__data_loc|__rel_loc)?\s*(.*)$/s.exec(declaration) ?? [];
  const parts = /^(.*?)(\w+)\s*((?:\[[^\]]*\]\s*)*)$/s.exec(rest.trim());
  const [, type = '', name = '', dimensions = ''] = parts ?? ['', rest.trim(), rest.trim(), ''];
  const storage: FormatField['storage'] =
    location === undefined ? 'fixed' : location === '__rel_loc' ? 'rel_loc' : 'data_loc';
  return {
    storage,
    typeName: type
      .replace(/\[[^\]]*\]/g, '')
      .replace(/\s+/g, ' ')
      .trim(),
    name,
    dimensions,
    hasElements: storage !== 'fixed' || dimensions !== '' || type.includes('['),
  };
}

/** Of a location the number of locations: `__data_loc char[] x[4]` (string arrays of probes) has 4. */
function lengthOfArray(
  storage: FormatField['storage'],
  isArray: boolean,
  totalSize: number,
  elementSize: number,
): number | undefined {
  if (storage !== 'fixed') return totalSize > 4 ? Math.floor(totalSize / 4) : undefined;
  return isArray ? Math.floor(totalSize / elementSize) : undefined;
}

/** A kernel stack is as deep as its record is long; the format states 8 entries (kernel/trace/trace.c, __ftrace_trace_stack). */
function openedStack(field: FormatField, event: string | undefined): FormatField {
  const deeper = event === 'kernel_stack' && field.recordedName === 'caller';
  return deeper ? { ...field, open: true } : field;
}

/** Several locations in one field become several fields of one name. */
function separated(field: FormatField): FormatField[] {
  if (field.storage === 'fixed' || field.arrayLength === undefined) return [field];
  const { arrayLength, ...one } = field;
  return Array.from({ length: arrayLength }, (_, index) => ({
    ...one,
    offset: field.offset + index * 4,
    totalSize: 4,
  }));
}

function named(field: FormatField, taken: Set<string>): FormatField {
  let name = field.name;
  for (let count = 2; taken.has(name); count++) name = `${field.name}_${count}`;
  taken.add(name);
  return name === field.name ? field : { ...field, name };
}

function numberOf(layout: string, key: string): number | undefined {
  const digits = new RegExp(`\\b${key}:\\s*(\\d{1,9})\\s*;`).exec(layout)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Kernels before 2.6.32 state no sign. */
function signedByType(typeName: string): number {
  return /^(?:int|long|short|long long|s\d+|__s\d+|pid_t|loff_t|ssize_t|ktime_t)$/.test(typeName)
    ? 1
    : 0;
}

/** Literal dimensions multiply; a macro's name says nothing and gives undefined. */
function elementCount(dimensions: string): number | undefined {
  const sizes = [...dimensions.matchAll(/\[([^\]]*)\]/g)].map(([, text = '']) => text.trim());
  if (sizes.length === 0 || !sizes.every((text) => /^\d+$/.test(text))) return undefined;
  const count = sizes.reduce((product, text) => product * Number(text), 1);
  return count > 0 ? count : undefined;
}

function sizeOfElement(
  typeName: string,
  totalSize: number,
  dimensions: string,
  storage: FormatField['storage'],
): number {
  const size = sizeOfType(typeName);
  if (storage !== 'fixed' || totalSize === 0) return size;
  const elements = elementCount(dimensions);
  if (elements !== undefined && totalSize % elements === 0) return totalSize / elements;
  return totalSize % size === 0 ? size : 1;
}

const SIZES: Readonly<Record<string, number>> = {
  short: 2,
  'short int': 2,
  int: 4,
  unsigned: 4,
  'long long': 8,
  'long long int': 8,
  loff_t: 8,
  sector_t: 8,
  dma_addr_t: 8,
  phys_addr_t: 8,
  ktime_t: 8,
  pid_t: 4,
  dev_t: 4,
  gfp_t: 4,
};

/** Bytes of one element of a type; 1 where it is unknown, so that its bytes are kept. */
export function sizeOfType(typeName: string): number {
  if (isLong(typeName)) return 8;
  const plain = typeName.replace(/\b(?:const|volatile|unsigned|signed)\s+/g, '').trim();
  const bits = /^(?:__)?u?(?:int|[us])_?(8|16|32|64)(?:_t)?$/.exec(plain)?.[1];
  if (bits !== undefined) return Number(bits) / 8;
  if (/^__[lb]e(16|32|64)$/.test(plain)) return Number(plain.slice(4)) / 8;
  if (/^enum /.test(plain)) return 4;
  return Object.hasOwn(SIZES, plain) ? (SIZES[plain] ?? 1) : 1;
}

function isLong(typeName: string): boolean {
  if (typeName.endsWith('*') || typeName.startsWith('cpumask_t')) return true;
  const plain = typeName.replace(/\b(?:const|volatile|unsigned|signed)\s+/g, '').trim();
  return /^(?:long|long int|size_t|ssize_t|uintptr_t|ulong|cpumask_t)$/.test(plain);
}

function kindOf(isArray: boolean, elementSize: number): FieldKind {
  if (!isArray) return [1, 2, 4, 8].includes(elementSize) ? 'integer' : 'bytes';
  return [2, 4, 8].includes(elementSize) ? 'integers' : 'bytes';
}
