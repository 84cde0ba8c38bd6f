import { argument, word } from './arguments.ts';
import { rule, type Subsystem } from './subsystem.ts';

/**
 * Ends of an mm_struct: mm/mmap.c exit_mmap, kernel/fork.c __mmdrop. The tracepoint prints
 * `mt_mod` (the maple tree inside the mm, +0x40 on 6.12); its record holds the mm itself, its text does
 * not.
 */
export const mm: Subsystem = {
  name: 'mm',
  events: {
    'mmap:exit_mmap': rule('mm.exit', (fields, moment) => ({
      kind: 'mm.exit',
      mm: word(fields.mm),
      maple: word(fields.mt),
      ...moment,
    })),
  },
  probes: {
    exit_mmap: {
      parameters: ['mm'],
      enter: rule('mm.exit', (fields, moment) => ({
        kind: 'mm.exit',
        mm: argument(fields, 'mm'),
        ...moment,
      })),
    },
    __mmdrop: {
      parameters: ['mm'],
      enter: rule('mm.drop', (fields, moment) => ({
        kind: 'mm.drop',
        mm: argument(fields, 'mm'),
        ...moment,
      })),
    },
  },
  eventNames: { mmdrop_final: '__mmdrop', mmdrop: '__mmdrop' },
};
