import { argument, returnValue, signedInt } from './arguments.ts';
import { rule, type Subsystem } from './subsystem.ts';

/** mm/hmm.c: hmm_range_fault(range), where range names the notifier, its sequence and start..end. */
export const hmm: Subsystem = {
  name: 'hmm',
  probes: {
    hmm_range_fault: {
      enter: rule('hmm.range_fault', (fields, moment) => ({
        kind: 'hmm.range_fault',
        mni: argument(fields, 'mni'),
        mm: argument(fields, 'mm'),
        seq: argument(fields, 'seq'),
        start: argument(fields, 'start'),
        end: argument(fields, 'end'),
        ...moment,
      })),
      return: rule('hmm.range_fault_return', (fields, moment) => ({
        kind: 'hmm.range_fault_return',
        ret: signedInt(returnValue(fields)),
        start: argument(fields, 'start'),
        end: argument(fields, 'end'),
        ...moment,
      })),
    },
  },
  eventNames: { hmm: 'hmm_range_fault' },
};
