import type { Fields } from '../parsers/parser.ts';
import { argument, returnValue, signedInt, small, string, word } from './arguments.ts';
import type { MemorySide } from './device-occurrence.ts';
import type { Moment, Occurrence } from './occurrence.ts';
import { rule, type Subsystem } from './subsystem.ts';

/** enum migrate_vma_direction, include/linux/migrate.h: where the pages are that are picked. */
const SELECT = { system: 1, devicePrivate: 2, deviceCoherent: 4 } as const;

/**
 * Pages that move between the CPU's memory and a device's (mm/migrate_device.c, by probe: migrate_vma
 * has no events), and pages the kernel moves for its own reasons (mm/migrate.c).
 */
export const migration: Subsystem = {
  name: 'migration',
  events: {
    'migrate:mm_migrate_pages_start': rule('migrate_pages.start', (fields, moment) => ({
      kind: 'migrate_pages.start',
      reason: reasonOf(fields),
      ...moment,
    })),
    'migrate:mm_migrate_pages': rule('migrate_pages.end', (fields, moment) => ({
      kind: 'migrate_pages.end',
      pages: small(fields.succeeded ?? fields.nr_succeeded),
      ...moment,
    })),
  },
  probes: {
    migrate_vma_setup: {
      enter: rule('migrate_vma.setup', setup),
      return: rule('migrate_vma.end', (fields, moment) => {
        const ret = signedInt(returnValue(fields));
        // the pages are only collected: what ends it is migrate_vma_finalize
        return ret === undefined || ret === 0 ? undefined : ended(fields, moment, ret);
      }),
    },
    migrate_vma_finalize: {
      enter: rule('migrate_vma.end', (fields, moment) => ended(fields, moment, 0)),
    },
  },
  eventNames: {
    mvset: 'migrate_vma_setup',
    migrate_setup: 'migrate_vma_setup',
    mvfin: 'migrate_vma_finalize',
    migrate_finalize: 'migrate_vma_finalize',
  },
};

/** struct migrate_vma: start, end, pgmap_owner, flags. */
function setup(fields: Fields, moment: Moment): Occurrence {
  const flags = small(fields.flags);
  const { from, to } = directionOf(flags);
  return {
    kind: 'migrate_vma.setup',
    mm: argument(fields, 'mm'),
    start: argument(fields, 'start'),
    end: argument(fields, 'end'),
    from,
    to,
    // fault_page is set by do_swap_page alone
    cpuFault: Number(word(fields.fault_page) ?? 0) !== 0,
    ...moment,
  };
}

function directionOf(flags: number | undefined): {
  from: MemorySide | undefined;
  to: MemorySide | undefined;
} {
  const fromSystem = flags !== undefined && (flags & SELECT.system) !== 0;
  const fromDevice =
    flags !== undefined && (flags & (SELECT.devicePrivate | SELECT.deviceCoherent)) !== 0;
  if (fromSystem === fromDevice) return { from: undefined, to: undefined };
  return fromSystem ? { from: 'system', to: 'device' } : { from: 'device', to: 'system' };
}

function ended(fields: Fields, moment: Moment, ret: number): Occurrence {
  return {
    kind: 'migrate_vma.end',
    start: argument(fields, 'start'),
    end: argument(fields, 'end'),
    ret,
    ...moment,
  };
}

/** enum migrate_reason, include/linux/migrate_mode.h; text recordings hold the name. */
const REASONS: readonly string[] = [
  'compaction',
  'memory_failure',
  'memory_hotplug',
  'syscall_or_cpuset',
  'mempolicy_mbind',
  'numa_misplaced',
];

function reasonOf(fields: Fields): string | undefined {
  const reason = small(fields.reason);
  // the numbers behind these differ between versions
  return reason === undefined ? string(fields.reason) : REASONS[reason];
}
