import type { Field, Fields, FieldValue } from '../parser.ts';
import { decimal, hexadecimal, pointer } from './value.ts';

/** Reads one payload; undefined when the text is not of this form. */
type Reader = (text: string) => Fields | undefined;

export interface Pattern {
  readonly fields: readonly Field[];
  read(text: string): Fields | undefined;
}

type Conversion = (text: string) => FieldValue | undefined;

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  '': (text) => text,
  d: decimal,
  x: hexadecimal,
  p: pointer,
  b: (text) => (text === 'true' ? 1 : text === 'false' ? 0 : undefined),
  words: (text) => {
    const words = text.trim().split(/\s+/).map(hexadecimal);
    return words.every((word) => word !== undefined) ? words : undefined;
  },
};

interface Part {
  /** Text ahead of the value. */
  readonly literal: string;
  readonly name: string;
  readonly convert: Conversion;
}

/** @param formats of print-patterns.ts; the first that fits a text holds. */
export function compilePattern(formats: readonly string[]): Pattern {
  const readers = formats.map(compileFormat);
  return {
    fields: fieldsOf(formats),
    read(text) {
      for (const read of readers) {
        const fields = read(text);
        if (fields) return fields;
      }
      return undefined;
    },
  };
}

function compileFormat(format: string): Reader {
  const parts: Part[] = [];
  let from = 0;
  for (const match of format.matchAll(/\{(\w+)(?::(\w+))?\}/g)) {
    parts.push({
      literal: format.slice(from, match.index),
      name: match[1] as string,
      convert: CONVERSIONS[match[2] ?? ''] as Conversion,
    });
    from = match.index + match[0].length;
  }
  const tail = format.slice(from);
  return (text) => {
    const fields: Record<string, FieldValue> = {};
    let at = 0;
    for (let i = 0; i < parts.length; i++) {
      at = readPart(text, at, parts[i] as Part, parts[i + 1]?.literal ?? tail, fields);
      if (at < 0) return undefined;
    }
    return text.slice(at).trimEnd() === tail ? fields : undefined;
  };
}

/** Where the value ends, which is where `next` begins; -1 when the text is another. */
function readPart(
  text: string,
  from: number,
  { literal, name, convert }: Part,
  next: string,
  fields: Record<string, FieldValue>,
): number {
  if (!text.startsWith(literal, from)) return -1;
  const start = from + literal.length;
  const end = next === '' ? text.length : text.indexOf(next, start);
  const value = end < 0 ? undefined : convert(text.slice(start, end));
  if (value === undefined) return -1;
  fields[name] = value;
  return end;
}

function fieldsOf(formats: readonly string[]): Field[] {
  const fields = new Map<string, Field>();
  for (const format of formats) {
    for (const [declaration, name, conversion = ''] of format.matchAll(/\{(\w+)(?::(\w+))?\}/g)) {
      if (name === undefined || fields.has(name)) continue;
      const kind = conversion === '' ? 'string' : conversion === 'words' ? 'integers' : 'integer';
      fields.set(name, { name, declaration, kind, signed: conversion === 'd', size: 8 });
    }
  }
  return [...fields.values()];
}
