/** A table as the page holds it: plain data by columns, so that no row repeats what its cells are. */
import type { CellType } from '../../../analyzers/result.ts';

export type CellValue = string | number | null;

/** Text that repeats is there once, with the number of its word in each row. */
export type Cells =
  | readonly CellValue[]
  | { readonly words: readonly string[]; readonly of: readonly (number | null)[] };

export interface TableColumn {
  readonly title: string;
  readonly doc?: string;
  /** `findings`: their ids with spaces between. */
  readonly type: CellType | 'findings';
  /** One for each row; what it is sorted by, and shown in the manner of its type … */
  readonly cells: Cells;
  /** … unless there is a text for each row, … */
  readonly texts?: readonly string[];
  /** … or one for each value. */
  readonly labels?: Readonly<Record<string, string>>;
  /** For each row the classes of a badge around its text. */
  readonly badges?: readonly string[];
  /** A cell leads to this and its value; `word` is what a reader clicks instead of the text. */
  readonly link?: { readonly prefix: string; readonly word?: string };
}

export interface TableData {
  /** What is in it, for who cannot see it. */
  readonly label: string;
  readonly columns: readonly TableColumn[];
  readonly rows: number;
  /** All rows are in the page, and long texts are broken into lines. */
  readonly isWhole?: true;
  /** A row is reached by this and the value of its first column. */
  readonly anchor?: string;
  /** How it is sorted at first; absent = as its rows are. */
  readonly order?: { readonly column: number; readonly descending: boolean };
}

export function pack(cells: readonly CellValue[]): Cells {
  const words = new Map<string, number>();
  for (const cell of cells) {
    if (typeof cell === 'number') return cells;
    if (cell !== null && !words.has(cell)) words.set(cell, words.size);
  }
  if (words.size * 2 > cells.length) return cells;
  return {
    words: [...words.keys()],
    of: cells.map((cell) => (typeof cell === 'string' ? (words.get(cell) ?? null) : null)),
  };
}

export function unpack(cells: Cells): readonly CellValue[] {
  if (!('words' in cells)) return cells;
  return cells.of.map((word) => (word === null ? null : (cells.words[word] ?? null)));
}
