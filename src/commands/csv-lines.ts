import { FORMULA } from '../parsers/csv/cell.ts';

/** Names in captures are hostile: a comm may be a spreadsheet formula. Numbers are left as they are. */
export async function csvLines(
  rows: readonly (readonly unknown[])[],
  formula: RegExp = FORMULA,
): Promise<string> {
  const { default: Papa } = await import('papaparse');
  const options = { escapeFormulae: formula, newline: '\n' };
  return `${Papa.unparse(rows as unknown[][], options)}\n`;
}
