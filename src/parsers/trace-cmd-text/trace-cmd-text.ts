import type { Capture, Parser } from '../parser.ts';
import type { Dialect } from '../text/dialect.ts';
import { headLines } from '../text/head-lines.ts';
import { openText } from '../text/text-capture.ts';
import { TraceCmdScanner } from './trace-cmd-scanner.ts';

export const traceCmdDialect: Dialect = {
  format: 'trace-cmd report',
  version: 'text',
  scanner: (facts) => new TraceCmdScanner(facts),
  refusal: () => ({
    message: 'holds no line that svm-trace knows as an event',
    hint: 'save what `trace-cmd report` prints as it is, or give the trace.dat itself',
  }),
};

/** What `trace-cmd report` prints; it begins with the number of CPUs. */
export const traceCmdText: Parser = {
  meta: { id: 'trace-cmd-text', title: 'trace-cmd report text' },
  sniff(head) {
    const lines = headLines(head).map(({ text }) => text);
    const first = lines.findIndex((line) => !/^(version = \d+|CPU \d+ is empty|)$/.test(line));
    return /^cpus=\d+$/.test(lines[first] ?? '');
  },
  open: (path): Capture => openText(path, traceCmdDialect),
};
