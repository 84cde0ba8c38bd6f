import { styleText } from 'node:util';
import type { Severity } from '../analyzers/finding.ts';

/** How emphasis is written: with colours, or not at all. */
export interface TextStyle {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly severity: (severity: Severity) => string;
}

const asIs = (text: string): string => text;

export const plainStyle: TextStyle = {
  strong: asIs,
  faint: asIs,
  good: asIs,
  bad: asIs,
  severity: (severity) => severity.toUpperCase(),
};

const severityColours = {
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
  critical: 'magenta',
} as const satisfies Record<Severity, string>;

/** ANSI colours, whatever the stream: whoever asks for them has looked at it. */
export const colourStyle: TextStyle = {
  strong: (text) => styleText('bold', text, { validateStream: false }),
  faint: (text) => styleText('dim', text, { validateStream: false }),
  good: (text) => styleText('green', text, { validateStream: false }),
  bad: (text) => styleText('red', text, { validateStream: false }),
  severity: (severity) =>
    styleText(['bold', severityColours[severity]], severity.toUpperCase(), {
      validateStream: false,
    }),
};
