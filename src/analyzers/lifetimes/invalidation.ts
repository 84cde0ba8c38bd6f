import { argument } from '../../kernel/arguments.ts';
import type { Moment, OccurrenceOf } from '../../kernel/occurrence.ts';
import { invalidationCallbackTable, invalidationTable } from './invalidation-tables.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { Mark } from './live-objects.ts';
import { markOf } from './lived.ts';
import { type Callback, Invalidation } from './open-invalidation.ts';

/**
 * Invalidations with the driver callbacks and fence waits inside, on a stack per thread. Where no
 * probe shows them, a system call that changes mappings and waits for a fence stands for one.
 */
export const invalidation: Lifetime = {
  kind: 'invalidation',
  tables: [invalidationTable, invalidationCallbackTable],
  track: (context) => new InvalidationTracker(context),
};

/** enum mmu_notifier_event */
const PROTECTION_PAGE = 3;
const RELEASE = 5;
/** -EAGAIN of a notifier that may not block: no invalidate_range_end follows (mmu_notifier.c). */
const REFUSED = -11;
/** Nothing nests deeper: without a probe on the end, the older ones never get theirs. */
const DEEPEST = 8;
/** The passes of one invalidation enter their callbacks closer together than this. */
const LEFT_OPEN_NS = 50e6;
/** Two probes on one function fire within this. */
const SAME_CALL_NS = 20e3;
const MAPPING_CALLS: readonly string[] = [
  'brk',
  'madvise',
  'mmap',
  'mprotect',
  'mremap',
  'munmap',
  'pkey_mprotect',
  'process_madvise',
];

class InvalidationTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'invalidation.begin': (begin) => this.#begin(begin),
    'invalidation.begin_return': (returned) => this.#returned(returned),
    'invalidation.end': (end) => this.#end(end),
    'probe.enter': (probe) => this.#enter(probe),
    'probe.return': (probe) => this.#leave(probe),
    'fence.wait_start': (wait) => this.#waits(wait),
    'fence.wait_call': (wait) => this.#waits(wait),
    'mm.release': (release) => this.#release(release),
    'mm.exit': (exit) => this.#releases.delete(exit.tid),
    'syscall.exit': (exit) => this.#syscallExit(exit),
    'task.exit': (exit) => {
      this.#releases.delete(exit.tid);
      this.#abandon(exit.tid);
    },
  };
  readonly #context: LifetimeContext;
  readonly #stacks: Map<number, Invalidation[]>;
  /** By tid: __mmu_notifier_release it is in, which calls the same callbacks without a begin. */
  readonly #releases = new Map<number, OccurrenceOf<'mm.release'>>();

  constructor(context: LifetimeContext) {
    this.#context = context;
    this.#stacks = context.live.invalidations as Map<number, Invalidation[]>;
  }

  finish(ts: number): void {
    for (const tid of [...this.#stacks.keys()]) this.#abandon(tid, ts);
  }

  #begin(begin: OccurrenceOf<'invalidation.begin'>): void {
    const { live } = this.#context;
    live.invalidationsSeen = true;
    this.#releases.delete(begin.tid);
    const top = this.#stacks.get(begin.tid)?.at(-1);
    if (top && !top.returned) {
      if (top.isSameCall(begin, SAME_CALL_NS)) {
        top.learn(begin);
        return;
      }
      // a callback cannot invalidate: the return of the older one was lost, or never recorded
      this.#closeUnended(top, undefined);
    }
    this.#push(new Invalidation(this.#context, begin, begin, begin.source));
    if (begin.reason === PROTECTION_PAGE) this.#duplicates(begin);
  }

  #returned(returned: OccurrenceOf<'invalidation.begin_return'>): void {
    const open = this.#stacks.get(returned.tid)?.at(-1);
    // without an open begin its entry was lost: it must not be taken for an older one's return
    if (!open || open.returned || open.synthetic) return;
    open.returns(markOf(returned), returned.ret);
    if (open.reason === PROTECTION_PAGE) this.#duplicates(returned);
    if (returned.ret === REFUSED) this.#close(open, undefined);
  }

  #end(end: OccurrenceOf<'invalidation.end'>): void {
    const stack = this.#stacks.get(end.tid);
    const ended =
      stack?.findLast((open) => !open.synthetic && open.isRange(end.mm, end.start, end.end)) ??
      stack?.findLast((open) => !open.synthetic && open.couldBe(end.mm));
    if (!stack || !ended) return;
    for (const above of stack.slice(stack.indexOf(ended) + 1)) this.#close(above, undefined);
    if (ended.reason === PROTECTION_PAGE) this.#duplicates(end);
    this.#close(ended, markOf(end));
  }

  #enter(probe: OccurrenceOf<'probe.enter'>): void {
    let open = this.#context.live.invalidationOf(probe.tid) as Invalidation | undefined;
    if (open && isLeftOpen(open, probe.ts)) {
      this.#close(open, undefined);
      open = undefined;
    }
    const inside = open ?? this.#besides(probe);
    if (inside && isCallback(probe, inside)) inside.calls(callbackOf(probe));
  }

  /** A callback outside of any begin: at the release of the mm, or where begins are not probed. */
  #besides(probe: OccurrenceOf<'probe.enter'>): Invalidation | undefined {
    if (probe.role !== 'invalidate-callback' && !takesARange(probe)) return undefined;
    const release = this.#releases.get(probe.tid);
    if (release) return this.#push(this.#ofRelease(release));
    if (Number(argument(probe.args, 'reason') ?? -1) === RELEASE) {
      return this.#push(new Invalidation(this.#context, probe, ofCallback(probe), 'callback'));
    }
    if (this.#context.live.invalidationsSeen) return undefined;
    return this.#push(new Invalidation(this.#context, probe, ofCallback(probe), 'callback'));
  }

  #leave(probe: OccurrenceOf<'probe.return'>): void {
    const open = this.#context.live.invalidationOf(probe.tid) as Invalidation | undefined;
    if (!open?.callReturns(probe.function, markOf(probe), probe.ret)) return;
    if (open.source === 'callback' && !open.busy) this.#close(open, markOf(probe));
  }

  #waits(wait: Moment): void {
    const { live } = this.#context;
    if (live.invalidationOf(wait.tid)) return;
    const release = this.#releases.get(wait.tid);
    if (release) {
      this.#push(this.#ofRelease(release));
      return;
    }
    const call = live.syscalls.get(wait.tid);
    if (live.invalidationsSeen || !call || !MAPPING_CALLS.includes(call.name)) return;
    const begin = { event: call.event, ts: call.ts, cpu: wait.cpu, tid: wait.tid };
    this.#push(new Invalidation(this.#context, begin, rangeOfCall(call.args), 'syscall'));
  }

  #release(release: OccurrenceOf<'mm.release'>): void {
    this.#abandon(release.tid);
    this.#releases.set(release.tid, release);
  }

  #ofRelease(release: OccurrenceOf<'mm.release'>): Invalidation {
    this.#releases.delete(release.tid);
    const everything = { mm: release.mm, start: 0, end: 0xffffffffffffffffn, reason: RELEASE };
    return new Invalidation(this.#context, release, everything, 'release');
  }

  #syscallExit(exit: OccurrenceOf<'syscall.exit'>): void {
    const open = this.#stacks.get(exit.tid)?.at(-1);
    if (open?.source !== 'syscall') return;
    open.returns(markOf(exit), undefined);
    this.#close(open, markOf(exit));
  }

  #push(opened: Invalidation): Invalidation {
    const stack = this.#stacks.get(opened.tid);
    if (!stack) {
      this.#stacks.set(opened.tid, [opened]);
      return opened;
    }
    stack.push(opened);
    if (stack.length > DEEPEST) this.#close(stack[0] as Invalidation, undefined);
    return opened;
  }

  #close(over: Invalidation, end: Mark | undefined, captureEnd?: number): void {
    const stack = this.#stacks.get(over.tid);
    const place = stack?.indexOf(over) ?? -1;
    if (stack && place >= 0) stack.splice(place, 1);
    if (stack?.length === 0) this.#stacks.delete(over.tid);
    over.emit(end, captureEnd);
  }

  /** The thread or the capture is over. */
  #abandon(tid: number, captureEnd?: number): void {
    for (const open of [...(this.#stacks.get(tid) ?? [])].reverse()) {
      this.#closeUnended(open, captureEnd);
    }
  }

  /** What has no end of its own is over with the last thing done in it. */
  #closeUnended(open: Invalidation, captureEnd: number | undefined): void {
    const end = open.synthetic && !open.busy ? open.lastInside : undefined;
    if (end) open.returns(end, undefined);
    this.#close(open, end, captureEnd);
  }

  /** fork copies page tables inside invalidations of this reason (copy_page_range). */
  #duplicates(moment: Moment): void {
    const task = this.#context.live.taskOf(moment.tid);
    if (task) task.protectionPageTs = moment.ts;
  }
}

/** A callback alone that never came back: a refusal to block leaves without a word. */
function isLeftOpen(open: Invalidation, ts: number): boolean {
  return open.source === 'callback' && open.isIdle && ts - open.lastEnteredTs > LEFT_OPEN_NS;
}

/** Known ones by name; others by what they take, or by being called first by the core. */
function isCallback(probe: OccurrenceOf<'probe.enter'>, inside: Invalidation): boolean {
  if (probe.role === 'invalidate-callback') return true;
  if (probe.role !== 'unknown') return false;
  if (inside.source === 'function_graph') return !inside.busy;
  return argument(probe.args, 'mni') !== undefined || argument(probe.args, 'mm') !== undefined;
}

function takesARange(probe: OccurrenceOf<'probe.enter'>): boolean {
  return (
    probe.role === 'unknown' &&
    argument(probe.args, 'mni') !== undefined &&
    argument(probe.args, 'reason') !== undefined
  );
}

function callbackOf(probe: OccurrenceOf<'probe.enter'>): Callback {
  return {
    function: probe.function,
    module: probe.module,
    mni: argument(probe.args, 'mni'),
    tid: probe.tid,
    start: markOf(probe),
  };
}

function ofCallback(probe: OccurrenceOf<'probe.enter'>) {
  const reason = argument(probe.args, 'reason');
  return {
    mm: argument(probe.args, 'mm'),
    start: argument(probe.args, 'start'),
    end: argument(probe.args, 'end'),
    reason: reason === undefined ? undefined : Number(reason),
  };
}

/** munmap(addr, len), mprotect(start, len), madvise(start, len_in), mremap(addr, old_len), … */
function rangeOfCall(args: Readonly<Record<string, number | bigint>>) {
  const start = args.addr ?? args.start;
  const length = args.len ?? args.len_in ?? args.old_len;
  if (start === undefined || length === undefined) return {};
  return { start, end: BigInt(start) + BigInt(length) };
}
