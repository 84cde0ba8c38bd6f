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
  /** Anything may stand in it. */
  readonly isText: boolean;
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
      isText: match[2] === undefined,
    });
    from = match.index + match[0].length;
  }
  const tail = format.slice(from);
  const literals = [...parts.slice(1).map(({ literal }) => literal), tail];
  return (text) => {
    const fields: Record<string, FieldValue> = {};
    return readParts(text, 0, parts, literals, 0, fields) ? fields : undefined;
  };
}

/**
 * Reads the parts from the n-th on. A text ends where the literal after it begins; a comm may hold that
 * literal itself (`kworker/0:1:46`), so when the rest does not fit the next place is tried.
 */
function readParts(
  text: string,
  from: number,
  parts: readonly Part[],
  literals: readonly string[],
  n: number,
  fields: Record<string, FieldValue>,
): boolean {
  const part = parts[n];
  if (!part) return text.slice(from).trimEnd() === literals[n - 1];
  if (!text.startsWith(part.literal, from)) return false;
  const start = from + part.literal.length;
  const next = literals[n] as string;
  const most = part.isText ? MOST_PLACES : 1;
  let end = next === '' ? text.length : text.indexOf(next, start);
  for (let place = 0; place < most && end >= 0; place++) {
    const value = part.convert(text.slice(start, end));
    if (value !== undefined) {
      fields[part.name] = value;
      if (readParts(text, end, parts, literals, n + 1, fields)) return true;
    }
    if (next === '') return false;
    end = text.indexOf(next, end + 1);
  }
  return false;
}

/** Hostile names must not make it slow. */
const MOST_PLACES = 3;

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
