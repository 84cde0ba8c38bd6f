/**
 * Kernel `format` files as the writer needs them: name, id, fields with place and size. Parsed here
 * and not with the product's parser, so that a mistake there cannot cancel itself out in a test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface WriterField {
  readonly name: string;
  readonly offset: number;
  /** Bytes in the fixed part of the record; 0 for a flexible array at the record's end. */
  readonly size: number;
  readonly storage: 'fixed' | 'data_loc' | 'rel_loc';
  /** Bytes of one element; the whole size where the field is no array. */
  readonly elementSize: number;
  readonly array: boolean;
  readonly signed: boolean;
  /** Elements are characters. */
  readonly text: boolean;
}

export interface WriterFormat {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  /** The whole text of the `format` file. */
  readonly text: string;
  readonly fields: readonly WriterField[];
  /** Bytes of the fixed part, where dynamic data begins. */
  readonly fixedSize: number;
}

/** Kernels whose format files are committed under fixtures/formats. */
export type Kernel = '6.1' | '6.12' | '7.2';

const FORMATS = fileURLToPath(new URL('../../fixtures/formats/', import.meta.url));
const cache = new Map<string, ReadonlyMap<string, WriterFormat>>();

/** The committed formats of a kernel by `system:event`. */
export function kernelFormats(kernel: Kernel): ReadonlyMap<string, WriterFormat> {
  const known = cache.get(kernel);
  if (known) return known;
  const formats = new Map<string, WriterFormat>();
  for (const file of readdirSync(FORMATS + kernel)) {
    const system = file.replace(/\.format$/, '');
    for (const format of readFormats(system, readFileSync(`${FORMATS}${kernel}/${file}`, 'utf8'))) {
      formats.set(`${system}:${format.name}`, format);
    }
  }
  cache.set(kernel, formats);
  return formats;
}

/** The formats in a text of several `format` files, one after another. */
export function readFormats(system: string, text: string): WriterFormat[] {
  return text
    .split(/^(?=name: )/m)
    .filter((part) => part.startsWith('name: '))
    .map((part) => readFormat(system, `${part.trimEnd()}\n`));
}

export function readFormat(system: string, text: string): WriterFormat {
  const name = /^name: (\S+)$/m.exec(text)?.[1];
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  if (name === undefined || id === undefined) throw new Error(`no format text: ${text}`);
  const fields = [...text.matchAll(FIELD_LINE)].map(([, declaration, offset, size, signed]) =>
    readField(declaration ?? '', Number(offset), Number(size), signed === '1'),
  );
  const fixedSize = Math.max(...fields.map((field) => field.offset + field.size));
  return { system, name, id: Number(id), text, fields, fixedSize };
}

const FIELD_LINE = /^\tfield:([^;]*);\toffset:(\d+);\tsize:(\d+);\tsigned:(\d);/gm;

function readField(
  declaration: string,
  offset: number,
  size: number,
  signed: boolean,
): WriterField {
  const array = /\[([^\]]*)\]/.exec(declaration);
  const storage = declaration.startsWith('__data_loc ')
    ? 'data_loc'
    : declaration.startsWith('__rel_loc ')
      ? 'rel_loc'
      : 'fixed';
  const bare = declaration.replace(/^__(data|rel)_loc /, '').replace(/\[[^\]]*\]/, '');
  const name = /(\w+)\s*$/.exec(bare)?.[1];
  if (name === undefined) throw new Error(`no field name in: ${declaration}`);
  const type = bare.slice(0, bare.lastIndexOf(name)).trim();
  const count = Number(array?.[1]);
  const counted = storage === 'fixed' && Number.isInteger(count) && count > 0 && size > 0;
  return {
    name,
    offset,
    size,
    storage,
    array: array !== null,
    signed,
    text: array !== null && type === 'char',
    elementSize: counted ? size / count : array ? typeSize(type) : size,
  };
}

/** Size of one element of a dynamic array, by its C type on a 64-bit kernel. */
function typeSize(type: string): number {
  if (/\*$|\blong\b|64|size_t|dma_addr_t|cpumask/.test(type)) return 8;
  if (/\bchar\b|8$|8_t$|bool/.test(type)) return 1;
  if (/short|16/.test(type)) return 2;
  return 4;
}
