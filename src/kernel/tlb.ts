import { small } from './arguments.ts';
import { type Subsystem, sparseRule } from './subsystem.ts';

/**
 * include/trace/events/tlb.h (x86, later others): TLB flushes of the CPUs. Those at a task switch
 * and those another CPU asked for are the doing of somebody else.
 */
const OWN_DOING: readonly (number | string)[] = [
  2,
  3,
  'local shootdown',
  'local mm shootdown',
  'local MM shootdown',
];
/** More pages than this is TLB_FLUSH_ALL, -1 as unsigned long (arch/x86/include/asm/tlbflush.h). */
const MOST_PAGES = 2 ** 40;

export const tlb: Subsystem = {
  name: 'tlb',
  events: {
    'tlb:tlb_flush': sparseRule('tlb.flush', (fields, moment) => {
      const reason = fields.reason;
      if (typeof reason !== 'number' && typeof reason !== 'string') return undefined;
      if (!OWN_DOING.includes(reason)) return undefined;
      const pages = small(fields.pages);
      return {
        kind: 'tlb.flush',
        source: 'cpu',
        dev: undefined,
        pasid: undefined,
        pages: pages === undefined || pages < 0 || pages > MOST_PAGES ? undefined : pages,
        ...moment,
      };
    }),
  },
};
