import type { Result } from '../analyzers/result.ts';

/** The Result as it is: the machine's report. */
export function renderJson(result: Result): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
