import type { EventBatch, EventType, EventTypeCount, ReadOptions } from '../parser.ts';
import type { ProblemLog } from '../problem-log.ts';
import { progressOf, wantedTypes } from '../read-options.ts';
import { CHANGE } from './event-queue.ts';
import type { Intake } from './intake.ts';
import type { Chunk } from './kept-bytes.ts';
import type { PerfRows } from './perf-rows.ts';
import type { ThreadChange } from './thread-names.ts';

export interface DeliveryInput {
  /** With its first entries in the queue. */
  readonly intake: Intake;
  readonly rows: PerfRows;
  /** By the event's place in the index. */
  readonly typeOf: Int32Array;
  readonly eventTypes: readonly EventType[];
  /** Time of the first event, as the intake counts. */
  readonly start: number;
  readonly counts: EventTypeCount[];
  readonly problems: ProblemLog;
}

/**
 * Hands out the events in time order. A batch ends when it is full and before a thread in it gets another
 * name or mapping, so that both are right for all events of the batch in hand.
 */
export function* deliveries(
  input: DeliveryInput,
  options: ReadOptions,
): Generator<EventBatch, void, undefined> {
  const { intake, rows, eventTypes, typeOf } = input;
  const wanted = wantedTypes(eventTypes, options);
  intake.keeps = (event) => wanted[typeOf[event] ?? -1] === true;
  const walk = new Walk(input, wanted);
  const progress = progressOf(() => intake.position, options);
  try {
    for (let isMore = true; isMore; ) {
      intake.queue.sort();
      while (walk.run()) {
        yield rows;
        rows.clear();
      }
      walk.finish();
      progress();
      if (intake.limit === Number.POSITIVE_INFINITY) break;
      isMore = intake.advance() || intake.queue.length > 0;
    }
    if (rows.length > 0) yield rows;
  } finally {
    walk.report();
  }
}

class Walk {
  readonly #input: DeliveryInput;
  readonly #wanted: readonly boolean[];
  #at = 0;
  #ordinal = 0;
  #latest = Number.NEGATIVE_INFINITY;
  #late = 0;

  constructor(input: DeliveryInput, wanted: readonly boolean[]) {
    this.#input = input;
    this.#wanted = wanted;
  }

  /** Uses entries up to the limit; true where the batch must be handed out first. */
  run(): boolean {
    const { intake, rows } = this.#input;
    const { queue, limit, names } = intake;
    for (; this.#at < queue.length; this.#at++) {
      const row = queue.order[this.#at] as number;
      if ((queue.columns.time[row] as number) > limit) break;
      if (queue.columns.type[row] === CHANGE) {
        const change = queue.columns.source[row] as ThreadChange;
        if (names.alters(change) && rows.concerns(change)) return true;
        names.apply(change);
      } else {
        if (rows.isFull) return true;
        this.#event(row);
      }
    }
    return false;
  }

  /** Lets the queue forget what was used. The batch in hand keeps its own references. */
  finish(): void {
    this.#input.intake.queue.taken(this.#at);
    this.#input.intake.queue.compact();
    this.#at = 0;
  }

  report(): void {
    if (this.#late === 0) return;
    this.#input.problems.add(
      'late-events',
      'data-loss',
      'events stand so far behind in the file that later ones had been used',
      { count: this.#late },
    );
  }

  #event(row: number): void {
    const { intake, rows, typeOf, start, counts } = this.#input;
    const { queue } = intake;
    const type = typeOf[queue.columns.type[row] as number] as number;
    const ts = (queue.columns.time[row] as number) - start;
    if (ts < this.#latest) this.#late++;
    else this.#latest = ts;
    this.#ordinal++;
    const count = counts[type] as EventTypeCount;
    count.events++;
    count.first ??= ts;
    count.last = ts;
    const chunk = queue.columns.source[row] as Chunk | undefined;
    if (!chunk) return;
    if (this.#wanted[type]) rows.add(queue, row, chunk, { id: this.#ordinal, ts, type });
    else chunk.release();
  }
}
