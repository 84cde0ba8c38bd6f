import type { Capture, Parser } from '../parser.ts';
import type { Dialect } from '../text/dialect.ts';
import { headLines, looksLikeTask } from '../text/head-lines.ts';
import { scanLatency, scanVerbose } from '../text/latency-line.ts';
import { Line } from '../text/line.ts';
import { openText } from '../text/text-capture.ts';
import { FtraceScanner } from './ftrace-scanner.ts';

const SCRATCH = new Line();
const OPTIONS = '/sys/kernel/tracing/options';
const RAW = /^\d+ \d+ \d+ (type: |\S)/;
const WITHOUT_CONTEXT = /^[\w.]+: /;
const GRAPH = /^\s*(\d+\.\d+ \|\s+)?\d+\) .*\|/;

export const ftraceDialect: Dialect = {
  format: 'ftrace',
  version: 'text',
  scanner: (facts) => new FtraceScanner(facts),
  refusal(sample) {
    if (sample.some((line) => RAW.test(line))) {
      return {
        message:
          'was recorded with the options raw, hex or bin: the events have no names or fields',
        hint: `record again after: echo 0 > ${OPTIONS}/raw; echo 0 > ${OPTIONS}/hex; echo 0 > ${OPTIONS}/bin`,
      };
    }
    if (sample.some((line) => WITHOUT_CONTEXT.test(line))) {
      return {
        message: 'has neither times nor tasks',
        hint: `record again after: echo 1 > ${OPTIONS}/context-info`,
      };
    }
    return {
      message: 'holds no line that svm-trace knows as an event',
      hint: 'save /sys/kernel/tracing/trace or the output of `trace-cmd report` as it is',
    };
  },
};

/** tracefs `trace` and `trace_pipe`. */
export const ftraceText: Parser = {
  meta: { id: 'ftrace-text', title: 'ftrace text (tracefs trace or trace_pipe)' },
  sniff(head) {
    const lines = headLines(head);
    // trace-cmd report has lines that are read the same way
    if (lines.some(({ text }) => /^cpus=\d+$/.test(text))) return false;
    return lines.some(
      ({ bytes, start, end, text }) =>
        text.startsWith('# tracer: ') ||
        looksLikeTask(bytes, start, end) ||
        GRAPH.test(text) ||
        scanLatency(bytes, start, end, SCRATCH) >= 0 ||
        scanVerbose(bytes, start, end, SCRATCH) >= 0,
    );
  },
  // the lines of function_graph are put together to calls, and have times only as these
  partwise: (head) => !headLines(head).some(({ text }) => GRAPH.test(text)),
  open: (path): Capture => openText(path, ftraceDialect),
};
