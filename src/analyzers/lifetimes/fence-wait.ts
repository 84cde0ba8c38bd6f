import type { Moment, OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { errno, reference, span, text, thread, yesNo } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveFence, LiveTask, Mark, OpenInvalidation, OpenWait } from './live-objects.ts';
import { flag, lived, markOf } from './lived.ts';

export const fenceWaitTable: Table = {
  name: 'fence_wait',
  doc: 'One blocking wait for a fence by a thread (dma_fence_wait_timeout).',
  columns: [
    reference('fence_id', 'fence', 'fence.id waited for; NULL = unknown.'),
    thread('tid', 'Thread that waits.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    yesNo('gave_up', '1 = the wait ended while the fence had not signalled.'),
    errno('ret', 'Return value where a probe showed it: 0 = timed out, negative = interrupted.'),
    reference('invalidation_id', 'invalidation', 'invalidation.id it is nested in; NULL = none.'),
    reference('syscall_id', 'syscall', 'syscall.id it is nested in; NULL = none or not recorded.'),
    text('source', "'dma_fence_wait' (tracepoint) or 'probe'."),
    ...span('dma_fence_wait_start', 'dma_fence_wait_end'),
  ],
  indexes: [['fence_id'], ['invalidation_id']],
};

/** Waits for fences, per thread, last in first out. */
export const fenceWait: Lifetime = {
  kind: 'fence-wait',
  tables: [fenceWaitTable],
  track: (context) => new FenceWaitTracker(context),
};

interface Wait extends OpenWait {
  readonly start: Mark;
  readonly tid: number;
  readonly task: LiveTask | undefined;
  readonly invalidation: OpenInvalidation | undefined;
  readonly syscallId: number | undefined;
  /** Function of the probe that opened it; its return closes it. */
  readonly probe: string | undefined;
  fence: LiveFence | undefined;
  traced: boolean;
  /** Waits seen inside: dma_resv_wait_timeout waits for one fence after another. */
  nested: number;
  ended: Mark | undefined;
  gaveUp: boolean | undefined;
}

/** A thread deeper in waits than this has lost the ends of the older ones. */
const DEEPEST = 16;

class FenceWaitTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'fence.wait_start': (start) => this.#start(start),
    'fence.wait_end': (end) => this.#end(end),
    'fence.wait_call': (call) => this.#call(call),
    'fence.wait_return': (returned) => this.#returned(returned),
    'task.exit': (exit) => this.#abandon(exit.tid),
  };
  readonly #context: LifetimeContext;
  readonly #stacks = new Map<number, Wait[]>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const tid of [...this.#stacks.keys()]) this.#abandon(tid);
  }

  #start(start: OccurrenceOf<'fence.wait_start'>): void {
    const fence = this.#context.live.fences.current(start.context, start.seqno);
    const outer = this.#stacks.get(start.tid)?.at(-1);
    if (outer?.probe === 'dma_fence_wait_timeout' && !outer.traced) {
      outer.fence = fence;
      outer.traced = true;
      return;
    }
    this.#open(start, fence, undefined).traced = true;
  }

  #end(end: OccurrenceOf<'fence.wait_end'>): void {
    const stack = this.#stacks.get(end.tid);
    const wait = stack?.findLast((open) => open.traced && !open.ended && isFor(open, end));
    if (!stack || !wait) return;
    wait.ended = markOf(end);
    wait.gaveUp = gaveUp(wait, end);
    if (wait.probe === undefined) this.#close(stack, wait, null);
  }

  #call(call: OccurrenceOf<'fence.wait_call'>): void {
    const { context, seqno } = call;
    const named = context !== undefined && seqno !== undefined;
    const fence = named ? this.#context.live.fences.current(context, seqno) : undefined;
    // i915 tells of its own part of a wait that dma_fence tells of already
    const outer = this.#stacks.get(call.tid)?.at(-1);
    if (fence && outer?.fence === fence && outer.traced && !outer.ended) return;
    this.#open(call, fence, call.function);
  }

  #returned(returned: OccurrenceOf<'fence.wait_return'>): void {
    const stack = this.#stacks.get(returned.tid);
    const wait = stack?.findLast((open) => open.probe === returned.function);
    if (!stack || !wait) return;
    wait.ended ??= markOf(returned);
    // it knows better than we do, who may not have seen the signal
    if (returned.ret !== undefined) wait.gaveUp = returned.ret <= 0;
    this.#close(stack, wait, returned.ret ?? null);
  }

  #open(moment: Moment, fence: LiveFence | undefined, probe: string | undefined): Wait {
    const { live } = this.#context;
    const invalidation = live.invalidationOf(moment.tid);
    const wait: Wait = {
      id: this.#context.nextId(fenceWaitTable),
      startTs: moment.ts,
      start: markOf(moment),
      tid: moment.tid,
      task: live.taskOf(moment.tid),
      invalidation,
      syscallId: live.syscalls.get(moment.tid)?.use(),
      probe,
      fence,
      traced: false,
      nested: 0,
      ended: undefined,
      gaveUp: undefined,
    };
    let stack = this.#stacks.get(moment.tid);
    if (!stack) {
      stack = [];
      this.#stacks.set(moment.tid, stack);
    }
    const outer = stack.at(-1);
    if (outer) outer.nested += 1;
    invalidation?.waitBegan(wait);
    stack.push(wait);
    if (stack.length > DEEPEST) this.#close(stack, stack[0] as Wait, null);
    return wait;
  }

  /** Takes it off the stack with all that lies above it, whose ends were lost. */
  #close(stack: Wait[], wait: Wait, ret: number | null): void {
    const place = stack.indexOf(wait);
    const deepest = place === 0 && stack.length > DEEPEST;
    const closing = deepest ? stack.splice(0, 1) : stack.splice(place);
    for (const one of closing) this.#emit(one, one === wait ? ret : null);
    if (stack.length === 0) this.#stacks.delete(wait.tid);
  }

  /** The thread or the capture is over: what has no end yet gets none. */
  #abandon(tid: number): void {
    for (const wait of this.#stacks.get(tid) ?? []) this.#emit(wait, null);
    this.#stacks.delete(tid);
  }

  #emit(wait: Wait, ret: number | null): void {
    // the time is that of the waits inside, which have rows of their own
    if (wait.probe === 'dma_resv_wait_timeout' && wait.nested > 0) {
      wait.invalidation?.waitEnded(wait, undefined);
      return;
    }
    if (wait.ended) wait.invalidation?.waitEnded(wait, wait.ended);
    this.#context.emit(fenceWaitTable, {
      id: wait.id,
      fence_id: wait.fence?.id ?? null,
      tid: wait.tid,
      process_id: wait.task?.process.id ?? null,
      gave_up: flag(wait.gaveUp),
      ret,
      invalidation_id: wait.invalidation?.id ?? null,
      syscall_id: wait.syscallId ?? null,
      source: wait.traced ? 'dma_fence_wait' : 'probe',
      ...lived(this.#context, wait.start, wait.ended),
    });
  }
}

function isFor(wait: Wait, end: OccurrenceOf<'fence.wait_end'>): boolean {
  return !wait.fence || (wait.fence.context === end.context && wait.fence.seqno === end.seqno);
}

/** Names of already signalled fences: since 6.17, and of i915 requests in every version. */
const SIGNALED_TIMELINES: readonly string[] = ['signaled-timeline', 'signaled'];

/** Whether the wait ended with the fence still pending; undefined when its past is not known. */
function gaveUp(wait: Wait, end: OccurrenceOf<'fence.wait_end'>): boolean | undefined {
  const { fence } = wait;
  if (!fence || fence.ambiguous) return undefined;
  if (fence.signaled || fence.signalCall) return false;
  if (SIGNALED_TIMELINES.includes(end.timeline)) return false;
  return fence.init ? true : undefined;
}
