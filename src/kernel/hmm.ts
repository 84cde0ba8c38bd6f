import { argument, returnValue, signedInt } from './arguments.ts';
import { type ProbeRule, rule, type Subsystem } from './subsystem.ts';

/**
 * mm/hmm.c: hmm_range_fault(range), where range names the notifier, its sequence and start..end. Up to
 * 5.7 it returned the number of pages; from 4.14 to 5.1 it was hmm_vma_fault, and hmm_vma_get_pfns
 * where nothing was to be faulted in, with a mirror of the whole mm (hmm_mirror_register, to 5.5).
 */
export const hmm: Subsystem = {
  name: 'hmm',
  probes: {
    hmm_range_fault: rangeFaultProbe(),
    hmm_vma_fault: rangeFaultProbe(),
    hmm_vma_get_pfns: rangeFaultProbe(),
    hmm_mirror_register: {
      parameters: ['mirror', 'mm'],
      enter: rule('subscription.register', (fields, moment) => ({
        kind: 'subscription.register',
        subscription: argument(fields, 'mirror'),
        mm: argument(fields, 'mm'),
        ...moment,
      })),
    },
    hmm_mirror_unregister: {
      parameters: ['mirror'],
      enter: rule('subscription.unregister', (fields, moment) => ({
        kind: 'subscription.unregister',
        subscription: argument(fields, 'mirror'),
        ...moment,
      })),
    },
  },
  eventNames: { hmm: 'hmm_range_fault' },
};

function rangeFaultProbe(): ProbeRule {
  return {
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
  };
}
