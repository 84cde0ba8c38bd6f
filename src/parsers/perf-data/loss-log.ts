import type { Loss } from '../parser.ts';

interface Gap {
  readonly cpu: number;
  readonly from: number | null;
  readonly to: number | null;
  readonly events: number | null;
  readonly kind: Loss['kind'];
}

/** What was lost, CPU by CPU, in the time of the reader. */
export class LossLog {
  readonly #gaps: Gap[] = [];
  readonly #lastTimes = new Map<number, number>();
  /** By CPU: what LOST records told, and what the kernel's counters tell at the end. */
  readonly #told = new Map<number, number>();
  readonly #counted = new Map<number, number>();

  /** A record of this CPU was read; the records of one CPU come in order. */
  seen(cpu: number, time: number): void {
    this.#lastTimes.set(cpu, time);
  }

  /** CPUs records were read of, up to the highest. */
  get cpus(): number {
    let cpus = 0;
    for (const cpu of this.#lastTimes.keys()) cpus = Math.max(cpus, cpu + 1);
    return cpus;
  }

  /** PERF_RECORD_LOST stands in the ring buffer where the lost events would. */
  lost(cpu: number, time: number | undefined, events: number): void {
    this.#told.set(cpu, (this.#told.get(cpu) ?? 0) + events);
    const from = this.#lastTimes.get(cpu) ?? null;
    this.#gaps.push({ cpu, from, to: time ?? null, events, kind: 'dropped' });
    if (time !== undefined) this.seen(cpu, time);
  }

  /** PERF_RECORD_LOST_SAMPLES: the counter of one event on one CPU, read when the recording ends. */
  counted(cpu: number, events: number): void {
    this.#counted.set(cpu, (this.#counted.get(cpu) ?? 0) + events);
  }

  /**
   * What the counters say beyond the LOST records was lost after the last record of the CPU: a LOST
   * record is only written once there is room again. `cut`: the file itself ends early.
   */
  list(start: number, cut: boolean): Loss[] {
    const gaps = [...this.#gaps];
    for (const [cpu, events] of this.#counted) {
      const rest = events - (this.#told.get(cpu) ?? 0);
      if (rest <= 0) continue;
      gaps.push({ cpu, from: this.#last(cpu), to: null, events: rest, kind: 'dropped' });
    }
    if (cut) {
      for (const [cpu, from] of this.#lastTimes) {
        gaps.push({ cpu, from, to: null, events: null, kind: 'truncated' });
      }
    }
    const since = (time: number | null) => (time === null ? null : Math.max(0, time - start));
    return gaps.map((gap) => ({ ...gap, buffer: 0, from: since(gap.from), to: since(gap.to) }));
  }

  #last(cpu: number): number | null {
    return this.#lastTimes.get(cpu) ?? null;
  }
}
