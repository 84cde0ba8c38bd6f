/** The summary on stdout, for those who read it there and for those they send it to. */
import type { Result } from '../analyzers/result.ts';
import { renderBugTexts } from '../reports/bug-text.ts';
import { renderMarkdown } from '../reports/markdown.ts';
import { renderText } from '../reports/text.ts';
import { stdoutStyle, stdoutWidth } from './terminal.ts';

export const SUMMARY_FORMATS = ['text', 'markdown', 'bug-report'] as const;

export type SummaryFormat = (typeof SUMMARY_FORMATS)[number];

export function summary(
  result: Result,
  { format, verbose }: { readonly format: SummaryFormat; readonly verbose: boolean },
): string {
  if (format === 'bug-report') return renderBugTexts(result);
  if (format === 'markdown') return renderMarkdown(result, { verbose });
  return renderText(result, { style: stdoutStyle(), width: stdoutWidth(), verbose });
}
