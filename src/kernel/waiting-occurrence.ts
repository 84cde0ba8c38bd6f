/** What threads stand behind besides fences: locks, memory to be reclaimed, their turn to run. */
import type { Word } from './occurrence.ts';

/** A lock by its address; text recordings show a hash of it, which is equal to no address. */
export type LockName = Word | string;

export type LockMode = 'read' | 'write';

export type SleepState = 'S' | 'D' | 'R';

export type WaitingOccurrenceData =
  // --- mmap_lock, which is named by its mm (include/trace/events/mmap_lock.h, 5.11 and later) ---
  | { kind: 'mmap_lock.wait'; mm: LockName; mode: LockMode }
  /** Not taken where `success` is false. To `read` by its writer: downgraded. */
  | { kind: 'mmap_lock.acquired'; mm: LockName; mode: LockMode; success: boolean }
  /** By whom it is released, who need not be who took it (mmap_read_unlock_non_owner). */
  | { kind: 'mmap_lock.released'; mm: LockName; mode: LockMode }
  // --- any sleeping lock that was not free (include/trace/events/lock.h, 5.19 and later) ---
  | { kind: 'lock.contended'; lock: LockName; what: string }
  | { kind: 'lock.contention_end'; lock: LockName; ret: number | undefined }
  // --- what a thread does when it runs no code: sched_switch ---
  /**
   * It was off its CPU for long: asleep (S, or D where nothing but what it waits for wakes it), or able to
   * run (R). Told when it runs again, or when the capture ends (`over` false). `since` is an event only where
   * that has a row.
   */
  | {
      kind: 'task.off_cpu';
      sleeper: number;
      state: SleepState;
      since: number;
      sinceEvent: number | undefined;
      over: boolean;
    }
  // --- a thread that frees memory itself before it gets any (include/trace/events/vmscan.h) ---
  | { kind: 'reclaim.begin'; what: string }
  | { kind: 'reclaim.end'; what: string; pages: number | undefined };
