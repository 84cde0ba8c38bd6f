import type { Capture, Parser } from '../parser.ts';
import type { Dialect } from '../text/dialect.ts';
import { headLines } from '../text/head-lines.ts';
import { openText } from '../text/text-capture.ts';
import { PerfScriptScanner } from './perf-script-scanner.ts';

const EVENT = /\w+:\w+:( |$)/;

const NO_TRACEPOINTS = {
  message: 'holds no tracepoint samples',
  hint: "record tracepoints: perf record -a -e 'dma_fence:*' -e sched:sched_process_exit …",
};

export const perfScriptDialect: Dialect = {
  format: 'perf script',
  version: 'text',
  scanner: (facts) => new PerfScriptScanner(facts),
  refusal(sample) {
    if (sample.some((line) => EVENT.test(line))) {
      return {
        message: 'lacks the columns of the task or of the time',
        hint: 'print it with: perf script -F comm,tid,cpu,time,event,trace',
      };
    }
    return NO_TRACEPOINTS;
  },
  conclude({ facts, showsKernelTasks }) {
    const isWhole = /\s(-a|-C|--all-cpus|--cpu)\b/.test(facts.cmdline ?? '');
    if (!isWhole && !showsKernelTasks) facts['per-task'] = 'perhaps only one task and its children';
  },
  useless: (systems) => (systems.every((system) => system === '') ? NO_TRACEPOINTS : undefined),
};

// `         svmload  1894 [001]   239.303076:          sched:sched_process_exec: filename=…`
const SAMPLE = /^\s*\S.*?\s+\d+(\/\d+)?\s+(\[\d{3,}\]\s+)?\d+\.\d{6,9}:\s/;
const FTRACE_TASK = /-\d+\s+(\(\s*[-\d]+\)\s+)?\[\d{3,}\]/;

/** What `perf script` prints. */
export const perfScriptText: Parser = {
  meta: { id: 'perf-script-text', title: 'perf script text' },
  sniff(head) {
    return headLines(head).some(
      ({ text }) =>
        /^# (captured on|perf version|hostname|cmdline) ?: /.test(text) ||
        (SAMPLE.test(text) && !FTRACE_TASK.test(text)),
    );
  },
  partwise: () => true,
  open: (path): Capture => openText(path, perfScriptDialect),
};
