import type { TableColumn } from './table-data.ts';

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** Ascending order of two values that are known. */
export type Compare = (a: string | number, b: string | number) => number;

export function comparing({ type, labels, texts }: TableColumn): Compare {
  if (labels !== undefined) {
    return (a, b) => COLLATOR.compare(labels[a] ?? String(a), labels[b] ?? String(b));
  }
  if (type === 'address') return compareAddresses;
  if (texts === undefined && (type === 'text' || type === 'thread' || type === 'findings')) {
    return (a, b) => COLLATOR.compare(String(a), String(b));
  }
  return compareNumbers;
}

/** 0x… without leading zeros: the longer is the larger. */
function compareAddresses(a: string | number, b: string | number): number {
  const [left, right] = [String(a), String(b)];
  return left.length - right.length || (left < right ? -1 : Number(left > right));
}

/** Numbers, and digits of those beyond 2^53. */
function compareNumbers(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [whole(a), whole(b)];
  if (left === undefined || right === undefined) return COLLATOR.compare(String(a), String(b));
  return left < right ? -1 : Number(left > right);
}

function whole(value: string | number): bigint | undefined {
  if (typeof value === 'number') return BigInt(Math.trunc(value));
  return /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

/** What readers ask for first: the longest and the most. */
export function isLargestFirst({ type }: TableColumn): boolean {
  return type === 'duration' || type === 'count' || type === 'bytes';
}

const NUMERIC: ReadonlySet<TableColumn['type']> = new Set([
  'number',
  'time',
  'duration',
  'count',
  'bytes',
  'errno',
  'event',
]);

/** Digits that stand below each other. */
export function isNumeric({ type, badges, link }: TableColumn): boolean {
  return NUMERIC.has(type) && badges === undefined && link?.word === undefined;
}
