import type { Loss } from '../parser.ts';

/** Where events of one CPU are missing: a gap is open until the event behind it is found. */
export class Gaps {
  readonly losses: Loss[] = [];
  /** Events are missing ahead of the next one. */
  isOpen = false;
  /** The file ends before the CPU's events do. */
  isTruncated = false;
  readonly #buffer: number;
  readonly #cpu: number;
  #missing: number | null = 0;
  #isDamage = false;

  constructor(buffer: number, cpu: number) {
    this.#buffer = buffer;
    this.#cpu = cpu;
  }

  /** The recorder lost events here; null when it does not know how many. */
  lost(events: number | null): void {
    this.isOpen = true;
    this.#missing = events === null || this.#missing === null ? null : this.#missing + events;
  }

  /** The file is damaged here. */
  damaged(): void {
    this.lost(null);
    this.#isDamage = true;
  }

  /** `from` is the last event ahead of the gap, null when there is none; `to` the first behind it. */
  close(from: number | null, to: number): void {
    this.#add(
      from,
      to,
      this.#missing,
      from === null && !this.#isDamage ? 'overwritten' : 'dropped',
    );
  }

  /** No event follows `last`. */
  end(last: number | null): void {
    if (this.isTruncated) this.#add(last, null, null, 'truncated');
    else if (this.isOpen) this.#add(last, null, this.#missing, 'dropped');
  }

  /** Times are counted from elsewhere now; what has been found lies ahead of the first event. */
  moveFirst(to: number): void {
    this.losses.forEach((loss, i) => {
      this.losses[i] = { ...loss, to };
    });
  }

  #add(from: number | null, to: number | null, events: number | null, kind: Loss['kind']): void {
    this.losses.push({ buffer: this.#buffer, cpu: this.#cpu, from, to, events, kind });
    this.isOpen = false;
    this.#isDamage = false;
    this.#missing = 0;
  }
}
