import { kept, type Subsystem } from './subsystem.ts';

/** Lines of the kernel log and of trace_marker: kept as rows because they explain what happened. */
export const log: Subsystem = {
  name: 'log',
  events: {
    'printk:console': kept,
    'ftrace:print': kept,
    'ftrace:bprint': kept,
    'ftrace:bputs': kept,
  },
};
