import type { FieldValue } from '../parsers/parser.ts';
import type { Moment, Occurrence } from './occurrence.ts';
import type { SleepState } from './waiting-occurrence.ts';

/** Shorter sleeps stop nobody; threads sleep interruptibly (S) all the time without need. */
export const LONG_SLEEP_NS: Readonly<Record<SleepState, number>> = { D: 5e6, R: 5e6, S: 200e6 };

interface Sleep {
  readonly state: SleepState;
  readonly since: number;
  readonly event: number;
  readonly cpu: number;
}

/**
 * Threads off their CPU, by sched:sched_switch. That event is far too frequent to mean something each
 * time: only long sleeps are told of, when they are over or the capture is.
 */
export class Sleepers {
  readonly #sleeping = new Map<number, Sleep>();
  #left: [number, Sleep][] = [];

  /** A thread leaves its CPU. Whether the event needs a row: uninterruptible sleep is rare, and matters. */
  leaves(tid: number, state: SleepState | undefined, moment: Moment): boolean {
    if (tid === 0) return false;
    if (state === undefined) {
      this.#sleeping.delete(tid);
      return false;
    }
    const { ts, event, cpu } = moment;
    this.#sleeping.set(tid, { state, since: ts, event, cpu });
    return state === 'D';
  }

  /** A thread gets a CPU: what its sleep meant, if it was long. */
  returns(tid: number, moment: Moment): Occurrence | undefined {
    const sleep = this.#sleeping.get(tid);
    if (sleep === undefined) return undefined;
    this.#sleeping.delete(tid);
    if (moment.ts - sleep.since < LONG_SLEEP_NS[sleep.state]) return undefined;
    return { ...told(tid, sleep), over: true, ...moment };
  }

  /** The capture is over: `next` gives those that still sleep. */
  flush(): void {
    this.#left = [...this.#sleeping].reverse();
    this.#sleeping.clear();
  }

  next(): Occurrence | undefined {
    const [tid, sleep] = this.#left.pop() ?? [];
    if (tid === undefined || sleep === undefined) return undefined;
    const { event, since: ts, cpu } = sleep;
    return { ...told(tid, sleep), over: false, event, ts, cpu, tid };
  }
}

function told(sleeper: number, { state, since, event }: Sleep) {
  const sinceEvent = state === 'D' ? event : undefined;
  return { kind: 'task.off_cpu', sleeper, state, since, sinceEvent } as const;
}

/**
 * prev_state as bits (S 1, D 2, idle 0x80: include/linux/sched.h) or letters. Idle kernel threads, stopped
 * and dead ones wait for nothing.
 */
export function sleepState(value: FieldValue | undefined): SleepState | undefined {
  if (typeof value === 'string') {
    const [letter] = value;
    return letter === 'S' || letter === 'D' || letter === 'R' ? letter : undefined;
  }
  if (typeof value !== 'number') return undefined;
  if ((value & 0xff) === 0) return 'R';
  if ((value & 0x80) !== 0) return undefined;
  if ((value & 2) !== 0) return 'D';
  return (value & 1) !== 0 ? 'S' : undefined;
}
