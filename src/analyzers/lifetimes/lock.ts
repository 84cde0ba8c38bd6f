import type { Moment, OccurrenceOf } from '../../kernel/occurrence.ts';
import type { LockMode, LockName } from '../../kernel/waiting-occurrence.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';
import { lockHoldTable, lockWaitTable } from './lock-tables.ts';

/**
 * Locks that held somebody up. Every page fault takes mmap_lock: rows are only written of waits worth
 * telling, and of who held the lock meanwhile.
 */
export const lock: Lifetime = {
  kind: 'lock',
  tables: [lockWaitTable, lockHoldTable],
  track: (context) => new LockTracker(context),
};

/** A shorter wait stops nobody. */
const LEAST_NS = 1e6;
/** Locks a thread waits for at once: one, and one inside the slow path of it. */
const DEEPEST = 4;

interface Hold {
  /** lock_hold.id, taken when somebody turns out to have waited for it. */
  id: number | undefined;
  readonly mode: LockMode;
  readonly tid: number;
  readonly taken: Mark;
  task: LiveTask | undefined;
  released: Mark | undefined;
  certain: boolean;
}

interface Wait {
  readonly lock: LockName;
  readonly what: string;
  readonly tid: number;
  readonly begun: Mark;
  task: LiveTask | undefined;
  /** Who had the lock when it was asked for, and who got it since. */
  behind: Hold[] | undefined;
}

/** One mmap_lock: who has it and who wants it. */
interface MmapLock {
  readonly holds: Map<number, Hold>;
  readonly waits: Map<number, Wait>;
}

class LockTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'mmap_lock.wait': (wait) => this.#wait(wait),
    'mmap_lock.acquired': (acquired) => this.#acquired(acquired),
    'mmap_lock.released': (released) => this.#released(released),
    'lock.contended': (contended) => this.#contended(contended),
    'lock.contention_end': (end) => this.#contentionEnd(end),
    'task.exit': (exit) => this.#exit(exit),
  };
  readonly #context: LifetimeContext;
  readonly #locks = new Map<LockName, MmapLock>();
  /** By thread: other locks it waits for. */
  readonly #others = new Map<number, Wait[]>();
  #acquiredSeen = false;
  #releasedSeen = false;

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const [mm, lock] of this.#locks) {
      // where nobody is ever seen to get it, the event that says so was not recorded
      if (this.#acquiredSeen) {
        for (const wait of lock.waits.values()) this.#emitWait(wait, undefined, false);
      }
      for (const hold of lock.holds.values()) this.#emitHold(mm, hold);
    }
    for (const waits of this.#others.values()) {
      for (const wait of waits) this.#emitWait(wait, undefined, false);
    }
  }

  #wait(moment: OccurrenceOf<'mmap_lock.wait'>): void {
    const { mm, mode } = moment;
    // it takes no lock twice: the release of the older hold was not recorded
    const stale = this.#locks.get(mm)?.holds.get(moment.tid);
    if (stale !== undefined) this.#release(mm, stale, markOf(moment), false);
    const { holds, waits } = this.#lock(mm);
    const wait: Wait = {
      lock: mm,
      what: `mmap_lock to ${mode}`,
      tid: moment.tid,
      begun: markOf(moment),
      task: undefined,
      behind: undefined,
    };
    waits.set(moment.tid, wait);
    for (const hold of holds.values()) this.#standsBehind(wait, hold);
  }

  #acquired(moment: OccurrenceOf<'mmap_lock.acquired'>): void {
    const { mm, mode, success } = moment;
    this.#acquiredSeen = true;
    const lock = this.#lock(mm);
    const wait = lock.waits.get(moment.tid);
    if (wait !== undefined) {
      lock.waits.delete(moment.tid);
      if (moment.ts - wait.begun.ts >= LEAST_NS) this.#emitWait(wait, markOf(moment), !success);
    }
    if (success) this.#holds(mm, lock, mode, moment);
    else this.#tidy(mm, lock);
  }

  #holds(mm: LockName, lock: MmapLock, mode: LockMode, moment: Moment): void {
    // who had it to write and has it to read has downgraded it; all others have released it, unseen
    for (const other of lock.holds.values()) {
      if (mode === 'read' && other.mode === 'read') continue;
      this.#release(mm, other, markOf(moment), other.tid === moment.tid);
    }
    const hold: Hold = {
      id: undefined,
      mode,
      tid: moment.tid,
      taken: markOf(moment),
      task: this.#context.live.tasks.get(moment.tid),
      released: undefined,
      certain: true,
    };
    lock.holds.set(moment.tid, hold);
    this.#locks.set(mm, lock);
    for (const other of lock.waits.values()) this.#standsBehind(other, hold);
  }

  /** Threads that meet are made known at once: at the end of the capture it is too late. */
  #standsBehind(wait: Wait, hold: Hold): void {
    const { live } = this.#context;
    wait.task ??= live.taskOf(wait.tid);
    hold.task ??= live.taskOf(hold.tid);
    if (wait.behind === undefined) wait.behind = [hold];
    else wait.behind.push(hold);
  }

  #released(moment: OccurrenceOf<'mmap_lock.released'>): void {
    const { mm, mode } = moment;
    this.#releasedSeen = true;
    const lock = this.#lock(mm);
    // it had got it, unseen
    lock.waits.delete(moment.tid);
    const hold = lock.holds.get(moment.tid);
    if (hold !== undefined && hold.mode === mode) {
      this.#release(mm, hold, markOf(moment), true);
      return;
    }
    // by another than who took it: of several readers nobody knows whose it was
    for (const reader of lock.holds.values()) if (reader.mode === 'read') reader.certain = false;
    this.#tidy(mm, lock);
  }

  #release(mm: LockName, hold: Hold, released: Mark, seen: boolean): void {
    hold.released = released;
    if (!seen) hold.certain = false;
    this.#emitHold(mm, hold);
    const lock = this.#locks.get(mm);
    if (lock === undefined) return;
    lock.holds.delete(hold.tid);
    this.#tidy(mm, lock);
  }

  #tidy(mm: LockName, { holds, waits }: MmapLock): void {
    if (holds.size === 0 && waits.size === 0) this.#locks.delete(mm);
  }

  #contended(moment: OccurrenceOf<'lock.contended'>): void {
    const { lock, what } = moment;
    // mmap_lock is told of by its own events, with its holder
    if (this.#waitsForMmapLock(moment.tid)) return;
    const waits = this.#others.get(moment.tid) ?? [];
    this.#others.set(moment.tid, waits);
    // a mutex tells of it again after each time it spun for it
    if (waits.some((open) => open.lock === lock)) return;
    if (waits.length >= DEEPEST) waits.shift();
    const task = this.#context.live.taskOf(moment.tid);
    waits.push({ lock, what, tid: moment.tid, begun: markOf(moment), task, behind: undefined });
  }

  #contentionEnd(moment: OccurrenceOf<'lock.contention_end'>): void {
    const { lock, ret } = moment;
    const waits = this.#others.get(moment.tid);
    const at = waits?.findIndex((open) => open.lock === lock) ?? -1;
    const wait = waits?.[at];
    if (waits === undefined || wait === undefined) return;
    waits.splice(at);
    if (waits.length === 0) this.#others.delete(moment.tid);
    const failed = ret !== undefined && ret < 0;
    if (moment.ts - wait.begun.ts >= LEAST_NS) this.#emitWait(wait, markOf(moment), failed);
  }

  #waitsForMmapLock(tid: number): boolean {
    for (const { waits } of this.#locks.values()) if (waits.has(tid)) return true;
    return false;
  }

  /** A dead thread neither waits nor holds: what says otherwise was not recorded. */
  #exit(exit: OccurrenceOf<'task.exit'>): void {
    this.#others.delete(exit.tid);
    for (const [mm, lock] of [...this.#locks]) {
      lock.waits.delete(exit.tid);
      const hold = lock.holds.get(exit.tid);
      if (hold !== undefined) this.#release(mm, hold, markOf(exit), false);
      else this.#tidy(mm, lock);
    }
  }

  #lock(mm: LockName): MmapLock {
    const known = this.#locks.get(mm);
    if (known !== undefined) return known;
    const lock: MmapLock = { holds: new Map(), waits: new Map() };
    this.#locks.set(mm, lock);
    return lock;
  }

  #emitWait(wait: Wait, end: Mark | undefined, failed: boolean): void {
    const isMmapLock = wait.what.startsWith('mmap_lock');
    for (const hold of wait.behind ?? []) {
      if (hold.id !== undefined) continue;
      hold.id = this.#context.nextId(lockHoldTable);
      if (hold.released !== undefined) this.#emitHold(wait.lock, hold);
    }
    this.#context.emit(lockWaitTable, {
      id: this.#context.nextId(lockWaitTable),
      lock: nameOf(wait.lock),
      what: wait.what,
      mm: isMmapLock && typeof wait.lock !== 'string' ? wait.lock : null,
      tid: wait.tid,
      process_id: (wait.task ?? this.#context.live.taskOf(wait.tid))?.process.id ?? null,
      hold_id: wait.behind?.[0]?.id ?? null,
      failed: Number(failed),
      ...lived(this.#context, wait.begun, end),
    });
  }

  /** Only of those somebody waited for. */
  #emitHold(mm: LockName, hold: Hold): void {
    if (hold.id === undefined) return;
    const task = hold.task ?? this.#context.live.taskOf(hold.tid);
    this.#context.emit(lockHoldTable, {
      id: hold.id,
      lock: nameOf(mm),
      mode: hold.mode,
      tid: hold.tid,
      process_id: task?.process.id ?? null,
      certain: Number(hold.certain && this.#releasedSeen),
      ...lived(this.#context, hold.taken, hold.released),
    });
  }
}

function nameOf(lock: LockName): string {
  return typeof lock === 'string' ? lock : `0x${BigInt.asUintN(64, BigInt(lock)).toString(16)}`;
}
