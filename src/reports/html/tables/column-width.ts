import type { TableModel } from './table-model.ts';

/** Longer texts are cut off on the screen; the whole is in the tooltip. */
export const MAX_CHARACTERS: number = 44;
/** Numbers of one column are about as long as each other: some of them, and the largest. */
const SAMPLED = 200;
/** Beside the heading: the mark of the direction it is sorted in. */
const MARK_CHARACTERS = 2;

/** In characters: does not hang on which rows are on the screen. */
export function columnWidth(model: TableModel, column: number): number {
  const { type, title, link } = model.columns[column] ?? { type: 'text', title: '' };
  const heading = title.length + MARK_CHARACTERS;
  if (link?.word !== undefined) return Math.max(heading, link.word.length);
  const every =
    type === 'text' || type === 'thread' || type === 'findings' || type === 'object'
      ? 1
      : Math.ceil(model.total / SAMPLED);
  let longest = heading;
  for (let row = 0; row < model.total; row += every) {
    longest = Math.max(longest, model.text(column, row)?.length ?? 0);
  }
  const largest = largestRow(model, column);
  if (largest !== undefined) longest = Math.max(longest, model.text(column, largest)?.length ?? 0);
  return Math.min(longest, MAX_CHARACTERS);
}

function largestRow(model: TableModel, column: number): number | undefined {
  let largest: number | undefined;
  let most = -1;
  for (let row = 0; row < model.total; row++) {
    const value = model.value(column, row);
    if (typeof value === 'number' && Math.abs(value) > most) {
      most = Math.abs(value);
      largest = row;
    }
  }
  return largest;
}
