import type { Fields } from '../parsers/parser.ts';
import { argument, returnValue, signedInt, smallArgument } from './arguments.ts';
import type { Moment, Occurrence, Word } from './occurrence.ts';
import { type ProbeRule, rule, type Subsystem } from './subsystem.ts';

/**
 * mm/mmu_notifier.c, which has no tracepoints. struct mmu_notifier_range lost its leading `vma` in
 * 6.3: a probe with the offsets of the other side records rubbish (see probe-sanity.ts).
 */
export const mmuNotifier: Subsystem = {
  name: 'mmu-notifier',
  probes: {
    __mmu_notifier_invalidate_range_start: {
      enter: rule('invalidation.begin', (fields, moment, recorded) => ({
        kind: 'invalidation.begin',
        mm: argument(fields, 'mm'),
        start: argument(fields, 'start'),
        end: argument(fields, 'end'),
        flags: smallArgument(fields, 'flags'),
        reason: smallArgument(fields, 'reason'),
        owner: argument(fields, 'owner'),
        source: recorded.source,
        sane: true,
        ...moment,
      })),
      return: rule('invalidation.begin_return', (fields, moment) => ({
        kind: 'invalidation.begin_return',
        ret: signedInt(returnValue(fields)),
        ...moment,
      })),
    },
    __mmu_notifier_invalidate_range_end: {
      enter: rule('invalidation.end', (fields, moment) => ({
        kind: 'invalidation.end',
        mm: argument(fields, 'mm'),
        start: argument(fields, 'start'),
        end: argument(fields, 'end'),
        ...moment,
      })),
    },
    mmu_interval_notifier_insert: insertProbe(),
    mmu_interval_notifier_insert_locked: insertProbe(),
    mmu_interval_notifier_remove: {
      parameters: ['mni'],
      enter: rule('notifier.remove', (fields, moment) => ({
        kind: 'notifier.remove',
        mni: argument(fields, 'mni'),
        mm: argument(fields, 'mm'),
        ...moment,
      })),
    },
    mmu_interval_read_begin: {
      parameters: ['mni'],
      enter: rule('hmm.read_begin', (fields, moment) => ({
        kind: 'hmm.read_begin',
        mni: argument(fields, 'mni'),
        mm: argument(fields, 'mm'),
        start: argument(fields, 'start'),
        last: argument(fields, 'last'),
        ...moment,
      })),
      return: rule('hmm.read_begin_return', (fields, moment) => ({
        kind: 'hmm.read_begin_return',
        seq: returnValue(fields),
        ...moment,
      })),
    },
    // the second takes mmap_lock and calls the first
    __mmu_notifier_register: registerProbe(),
    mmu_notifier_register: registerProbe(),
    mmu_notifier_get_locked: {
      parameters: ['ops', 'mm'],
      enter: rule('subscription.get', (fields, moment) => ({
        kind: 'subscription.get',
        mm: argument(fields, 'mm'),
        ...moment,
      })),
      return: rule('subscription.get_return', (fields, moment) => ({
        kind: 'subscription.get_return',
        subscription: pointerOf(returnValue(fields)),
        ...moment,
      })),
    },
    mmu_notifier_unregister: dropProbe('subscription.unregister'),
    mmu_notifier_put: dropProbe('subscription.put'),
    __mmu_notifier_release: {
      // (subscriptions, mm) never existed in a release: the only parameter is the mm
      parameters: ['mm'],
      enter: rule('mm.release', (fields, moment) => ({
        kind: 'mm.release',
        mm: argument(fields, 'mm'),
        ...moment,
      })),
    },
  },
  eventNames: {
    inval_start: '__mmu_notifier_invalidate_range_start',
    inval_start2: '__mmu_notifier_invalidate_range_start',
    inv_start: '__mmu_notifier_invalidate_range_start',
    inval_end: '__mmu_notifier_invalidate_range_end',
    inv_end: '__mmu_notifier_invalidate_range_end',
    read_begin: 'mmu_interval_read_begin',
    rd_begin: 'mmu_interval_read_begin',
    mni_insert: 'mmu_interval_notifier_insert',
    mni_remove: 'mmu_interval_notifier_remove',
    mn_reg: '__mmu_notifier_register',
    mn_unreg: 'mmu_notifier_unregister',
    mn_get: 'mmu_notifier_get_locked',
    mn_put: 'mmu_notifier_put',
    mm_release: '__mmu_notifier_release',
    mn_release: '__mmu_notifier_release',
  },
};

function registerProbe(): ProbeRule {
  return {
    parameters: ['mni', 'mm'],
    enter: rule('subscription.register', (fields, moment) => ({
      kind: 'subscription.register',
      subscription: argument(fields, 'mni'),
      mm: argument(fields, 'mm'),
      ...moment,
    })),
  };
}

function dropProbe(kind: 'subscription.unregister' | 'subscription.put'): ProbeRule {
  return {
    parameters: ['mni'],
    enter: rule(kind, (fields, moment) => ({
      kind,
      subscription: argument(fields, 'mni'),
      ...moment,
    })),
  };
}

/** Undefined for an ERR_PTR: the last page of the address space. */
function pointerOf(value: Word | undefined): Word | undefined {
  if (value === undefined) return undefined;
  const MAX_ERRNO = 4095n;
  const pointer = BigInt.asUintN(64, BigInt(value));
  return pointer === 0n || pointer >= 2n ** 64n - MAX_ERRNO ? undefined : value;
}

function insertProbe(): ProbeRule {
  return {
    parameters: ['mni', 'mm', 'start', 'length'],
    enter: rule('notifier.insert', notifierInsert),
    return: rule('notifier.insert_return', (fields, moment) => ({
      kind: 'notifier.insert_return',
      ret: signedInt(returnValue(fields)),
      ...moment,
    })),
  };
}

function notifierInsert(fields: Fields, moment: Moment): Occurrence {
  const start = argument(fields, 'start');
  return {
    kind: 'notifier.insert',
    mni: argument(fields, 'mni'),
    mm: argument(fields, 'mm'),
    start,
    length: argument(fields, 'length') ?? lengthUpTo(start, argument(fields, 'last')),
    ...moment,
  };
}

function lengthUpTo(start: Word | undefined, last: Word | undefined): Word | undefined {
  if (start === undefined || last === undefined) return undefined;
  return BigInt(last) - BigInt(start) + 1n;
}
