import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { counter, duration, integer, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const tlbFlushTable: Table = {
  name: 'tlb_flush',
  doc: 'TLB invalidations of one kind that a thread made in a row, less than 10 ms apart; cut after 100 ms.',
  columns: [
    text('source', 'What tells of them: xe, amdgpu, iommu TLB, iommu device TLB, cpu.'),
    text('dev', 'Device, ring or IOMMU.'),
    integer('pasid', 'PASID, where they are of one.'),
    thread('tid', 'Thread that made them.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    counter('flushes', 'How many.'),
    counter('single_page', 'How many of them were of one page.'),
    counter('whole', 'How many were of the whole address space, or of an unknown size.'),
    counter('pages', 'Pages of all others.'),
    duration('wait_ns', 'Time until the device answered, all together; NULL = not recorded.'),
    duration('longest_ns', 'Longest of these times.'),
    counter('timeouts', 'How many were not answered in time.'),
    counter('invalidations', 'How many fell inside an invalidation of the same thread.'),
    reference('invalidation_id', 'invalidation', 'invalidation.id of the first of these.'),
    ...span('first of them', 'last of them'),
  ],
  indexes: [['source']],
};

/**
 * TLB invalidations. There may be thousands per second: a row is a run of them, and nothing is kept
 * of a single one but what waits for its answer.
 */
export const tlbFlush: Lifetime = {
  kind: 'tlb-flush',
  tables: [tlbFlushTable],
  track: (context) => new TlbFlushTracker(context),
};

const RUN_GAP_NS = 10e6;
/** A run is cut, so that the rate of a moment is not lost in that of an hour. */
const RUN_MOST_NS = 100e6;
/** Kinds of one thread at a time. */
const MOST_OF_A_THREAD = 8;
const MOST_THREADS = 4096;
const MOST_WAITING = 4096;

interface Run {
  readonly id: number;
  readonly source: string;
  readonly dev: string | undefined;
  readonly pasid: number | undefined;
  readonly task: LiveTask | undefined;
  readonly tid: number;
  readonly first: Mark;
  last: Mark;
  flushes: number;
  single: number;
  whole: number;
  pages: number;
  waitNs: number | undefined;
  longestNs: number;
  timeouts: number;
  invalidations: number;
  invalidationId: number | undefined;
  /** Answers that have not come. */
  outstanding: number;
  /** Nothing more is added to it; its row waits for the answers. */
  over: boolean;
  written: boolean;
}

type Flush = Pick<OccurrenceOf<'tlb.flush'>, 'source' | 'dev' | 'ts' | 'event' | 'tid'> & {
  readonly pasid?: number | undefined;
  readonly pages?: number | undefined;
};

class TlbFlushTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'tlb.flush': (flush) => void this.#flushed(flush),
    'tlb.sent': (sent) => {
      const run = this.#flushed(sent);
      run.outstanding += 1;
      this.#forget(nameOf(sent));
      this.#waiting.set(nameOf(sent), { run, ts: sent.ts });
      const [oldest] = this.#waiting.keys();
      if (oldest !== undefined && this.#waiting.size > MOST_WAITING) this.#forget(oldest);
    },
    'tlb.answered': (answered) => this.#over(answered, false),
    'tlb.timeout': (timeout) => this.#over(timeout, true),
    'task.exit': (exit) => this.#close(exit.tid),
  };
  readonly #context: LifetimeContext;
  readonly #runs = new Map<number, Run[]>();
  /** Invalidations the device has not answered. */
  readonly #waiting = new Map<Word | string, { readonly run: Run; readonly ts: number }>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const tid of [...this.#runs.keys()]) this.#close(tid);
    for (const { run } of this.#waiting.values()) {
      run.outstanding = 0;
      this.#emit(run);
    }
  }

  #flushed(flush: Flush): Run {
    const run = this.#runOf(flush);
    run.last = markOf(flush);
    run.flushes += 1;
    if (flush.pages === undefined) run.whole += 1;
    else run.pages += flush.pages;
    if (flush.pages === 1) run.single += 1;
    const invalidation = this.#context.live.invalidationOf(flush.tid);
    if (invalidation) {
      run.invalidations += 1;
      run.invalidationId ??= invalidation.id;
    }
    return run;
  }

  #runOf(flush: Flush): Run {
    let runs = this.#runs.get(flush.tid);
    if (!runs) {
      runs = [];
      this.#runs.set(flush.tid, runs);
      this.#makeRoom();
    }
    const place = runs.findIndex(
      (run) => run.source === flush.source && run.dev === flush.dev && run.pasid === flush.pasid,
    );
    const run = runs[place];
    if (run && flush.ts - run.last.ts <= RUN_GAP_NS && flush.ts - run.first.ts <= RUN_MOST_NS) {
      return run;
    }
    if (run) this.#emit(runs.splice(place, 1)[0] as Run);
    const begun = this.#begin(flush);
    runs.push(begun);
    if (runs.length > MOST_OF_A_THREAD) this.#emit(runs.shift() as Run);
    return begun;
  }

  #begin(flush: Flush): Run {
    const mark = markOf(flush);
    return {
      id: this.#context.nextId(tlbFlushTable),
      source: flush.source,
      dev: flush.dev,
      pasid: flush.pasid,
      task: this.#context.live.taskOf(flush.tid),
      tid: flush.tid,
      first: mark,
      last: mark,
      flushes: 0,
      single: 0,
      whole: 0,
      pages: 0,
      waitNs: undefined,
      longestNs: 0,
      timeouts: 0,
      invalidations: 0,
      invalidationId: undefined,
      outstanding: 0,
      over: false,
      written: false,
    };
  }

  #over(answer: OccurrenceOf<'tlb.answered' | 'tlb.timeout'>, isTimeout: boolean): void {
    const name = nameOf(answer);
    const waiting = this.#waiting.get(name);
    if (!waiting) return;
    const { run } = waiting;
    const long = answer.ts - waiting.ts;
    run.waitNs = (run.waitNs ?? 0) + long;
    run.longestNs = Math.max(run.longestNs, long);
    if (isTimeout) run.timeouts += 1;
    this.#forget(name);
  }

  #forget(name: Word | string): void {
    const waiting = this.#waiting.get(name);
    if (!waiting) return;
    this.#waiting.delete(name);
    waiting.run.outstanding -= 1;
    if (waiting.run.over) this.#emit(waiting.run);
  }

  #makeRoom(): void {
    if (this.#runs.size <= MOST_THREADS) return;
    const [oldest] = this.#runs.keys();
    if (oldest !== undefined) this.#close(oldest);
  }

  #close(tid: number): void {
    for (const run of this.#runs.get(tid) ?? []) this.#emit(run);
    this.#runs.delete(tid);
  }

  /** Writes its row, once the answers are there. */
  #emit(over: Run): void {
    if (over.written) return;
    over.over = true;
    if (over.outstanding > 0) return;
    over.written = true;
    this.#context.emit(tlbFlushTable, {
      id: over.id,
      source: over.source,
      dev: over.dev ?? null,
      pasid: over.pasid ?? null,
      tid: over.tid,
      process_id: over.task?.process.id ?? null,
      flushes: over.flushes,
      single_page: over.single,
      whole: over.whole,
      pages: over.pages,
      wait_ns: over.waitNs ?? null,
      longest_ns: over.waitNs === undefined ? null : over.longestNs,
      timeouts: over.timeouts,
      invalidations: over.invalidations,
      invalidation_id: over.invalidationId ?? null,
      ...lived(this.#context, over.first, over.last),
    });
  }
}

/** The fence's address; its number, which wraps at 20 bits, where the text hides the address. */
function nameOf(event: OccurrenceOf<'tlb.sent' | 'tlb.answered' | 'tlb.timeout'>): Word | string {
  return event.fence ?? `${event.dev} ${event.seqno}`;
}
