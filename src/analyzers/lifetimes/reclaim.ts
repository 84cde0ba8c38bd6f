import type { OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { counter, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const reclaimTable: Table = {
  name: 'reclaim',
  doc: 'A thread that freed memory itself before it got any, for 1 ms or more, or still did when the capture ended.',
  columns: [
    text('what', "'direct reclaim', or 'memcg reclaim' for the limit of a control group."),
    thread('tid', 'Thread.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    counter('pages', 'Pages it freed.'),
    ...span('begun', 'over'),
  ],
  indexes: [['tid']],
};

/** Reclaim: it invalidates the memory of others, and whoever allocates memory may have to do it. */
export const reclaim: Lifetime = {
  kind: 'reclaim',
  tables: [reclaimTable],
  track: (context) => new ReclaimTracker(context),
};

const LEAST_NS = 1e6;

interface Open {
  readonly what: string;
  readonly begun: Mark;
  readonly task: LiveTask | undefined;
}

class ReclaimTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'reclaim.begin': (begin) => {
      const task = this.#context.live.taskOf(begin.tid);
      this.#open.set(begin.tid, { what: begin.what, begun: markOf(begin), task });
    },
    'reclaim.end': (end) => this.#end(end),
    'task.exit': (exit) => this.#open.delete(exit.tid),
  };
  readonly #context: LifetimeContext;
  /** By thread: it reclaims for one allocation at a time. */
  readonly #open = new Map<number, Open>();
  #endsSeen = false;

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    if (!this.#endsSeen) return;
    for (const [tid, open] of this.#open) this.#emit(tid, open, undefined, undefined);
  }

  #end(end: OccurrenceOf<'reclaim.end'>): void {
    this.#endsSeen = true;
    const open = this.#open.get(end.tid);
    if (open === undefined || open.what !== end.what) return;
    this.#open.delete(end.tid);
    if (end.ts - open.begun.ts >= LEAST_NS) this.#emit(end.tid, open, markOf(end), end.pages);
  }

  #emit(tid: number, open: Open, end: Mark | undefined, pages: number | undefined): void {
    this.#context.emit(reclaimTable, {
      id: this.#context.nextId(reclaimTable),
      what: open.what,
      tid,
      process_id: open.task?.process.id ?? null,
      pages: pages ?? null,
      ...lived(this.#context, open.begun, end),
    });
  }
}
