import { string } from './arguments.ts';
import { kept, rule, type Subsystem } from './subsystem.ts';

/**
 * Lines of the kernel log and of trace_marker: kept as rows because they explain what happened. What
 * drivers, IOMMUs and the kernel itself say in the log is put together in log-lines/.
 */
export const log: Subsystem = {
  name: 'log',
  events: {
    // kernel/printk/printk.c: one event per printk, whose text may have several lines
    'printk:console': rule('log.record', (fields, moment, { log: lines }, buffer) => {
      const message = string(fields.msg) ?? string(fields.payload);
      if (message !== undefined) lines.add(message, moment, buffer);
      return lines.next();
    }),
    'ftrace:print': kept,
    'ftrace:bprint': kept,
    'ftrace:bputs': kept,
  },
};
