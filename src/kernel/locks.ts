import type { Fields, FieldValue } from '../parsers/parser.ts';
import { signedInt, small, string, word } from './arguments.ts';
import type { Moment, Occurrence } from './occurrence.ts';
import { type Recorded, rule, type Subsystem } from './subsystem.ts';
import type { LockMode, LockName } from './waiting-occurrence.ts';

/**
 * Locks threads wait for. mmap_lock tells who takes and who releases it (include/linux/mmap_lock.h: the
 * release is told of before it happens). Of other locks only contention is told (kernel/locking), never
 * who holds them.
 */
export const locks: Subsystem = {
  name: 'locks',
  events: {
    'mmap_lock:mmap_lock_start_locking': rule('mmap_lock.wait', (fields, moment, recorded) => {
      const { mm, mode } = locked(fields);
      if (mm === undefined) return undefined;
      if (mode === 'write') recorded.writers.begins(mm, moment.tid);
      // every page fault reads: only who meets a writer may have to wait
      else if (!recorded.writers.has(mm)) recorded.dropRow();
      return { kind: 'mmap_lock.wait', mm, mode, ...moment };
    }),
    'mmap_lock:mmap_lock_acquire_returned': rule(
      'mmap_lock.acquired',
      (fields, moment, recorded) => {
        const { mm, mode } = locked(fields);
        if (mm === undefined) return undefined;
        const success = truth(fields.success) !== false;
        if (mode === 'read' || !success) recorded.writers.ends(mm, moment.tid);
        return { kind: 'mmap_lock.acquired', mm, mode, success, ...moment };
      },
    ),
    'mmap_lock:mmap_lock_released': rule('mmap_lock.released', (fields, moment, recorded) => {
      const { mm, mode } = locked(fields);
      if (mm === undefined) return undefined;
      if (mode === 'write') recorded.writers.ends(mm, moment.tid);
      else if (!recorded.writers.has(mm)) recorded.dropRow();
      return { kind: 'mmap_lock.released', mm, mode, ...moment };
    }),
    'lock:contention_begin': rule('lock.contended', contended),
    'lock:contention_end': rule('lock.contention_end', contentionEnded),
  },
};

function locked(fields: Fields): { mm: LockName | undefined; mode: LockMode } {
  return { mm: name(fields.mm), mode: truth(fields.write) === true ? 'write' : 'read' };
}

/** LCB_F_* of include/trace/events/lock.h; text recordings hold the names. */
const FLAGS = [
  ['SPIN', 1],
  ['READ', 2],
  ['WRITE', 4],
  ['RT', 8],
  ['PERCPU', 16],
  ['MUTEX', 32],
] as const;

/** Nothing of spinlocks, and of a mutex nobody sleeps for yet (optimistic spinning). */
function contended(fields: Fields, moment: Moment, recorded: Recorded): Occurrence | undefined {
  const lock = name(fields.lock_addr);
  const flags = flagsOf(fields.flags);
  if (lock === undefined || flags.has('SPIN')) {
    recorded.dropRow();
    return undefined;
  }
  return { kind: 'lock.contended', lock, what: whatOf(flags), ...moment };
}

function contentionEnded(fields: Fields, moment: Moment): Occurrence | undefined {
  const lock = name(fields.lock_addr);
  if (lock === undefined) return undefined;
  const ret = signedInt(word(fields.ret));
  return { kind: 'lock.contention_end', lock, ret, ...moment };
}

function flagsOf(value: FieldValue | undefined): ReadonlySet<string> {
  if (typeof value === 'string') return new Set(value.split('|'));
  const bits = small(value) ?? 0;
  return new Set(FLAGS.filter(([, bit]) => (bits & bit) !== 0).map(([flag]) => flag));
}

function whatOf(flags: ReadonlySet<string>): string {
  const mode = flags.has('WRITE') ? ' to write' : flags.has('READ') ? ' to read' : '';
  if (flags.has('MUTEX')) return 'mutex';
  if (flags.has('PERCPU')) return `per-CPU rwsem${mode}`;
  if (flags.has('RT')) return `rt_mutex${mode}`;
  return mode === '' ? 'lock' : `rwsem${mode}`;
}

function name(value: FieldValue | undefined): LockName | undefined {
  return word(value) ?? (string(value) || undefined);
}

function truth(value: FieldValue | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value === 'true' : Number(word(value) ?? 0) !== 0;
}
