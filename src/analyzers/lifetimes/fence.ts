import { low32 } from '../../kernel/arguments.ts';
import type { Moment, OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import { keyOf } from './fence-index.ts';
import { fenceTable } from './fence-tables.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveFence } from './live-objects.ts';
import { flag, lived, markOf } from './lived.ts';
import { RecentKeys } from './recent-keys.ts';
import { Retirement } from './retirement.ts';
import { SeqnoUnwrapper } from './seqno-unwrapper.ts';

/** dma_fences, from init to destroy. */
export const fence: Lifetime = {
  kind: 'fence',
  tables: [fenceTable],
  track: (context) => new FenceTracker(context),
};

type FenceEvent = OccurrenceOf<'fence.init'> | OccurrenceOf<'fence.signaled'>;
type NamedMoment = Moment & Pick<FenceEvent, 'context' | 'seqno' | 'driver' | 'timeline'>;

/** dma_fence_release() signals a fence nobody did with this error, after its destroy event. */
const EDEADLK = -35;
const DROP_GRACE_NS = 1e9;
/** One signalling may pass several probed functions, and the tracepoint inside them. */
const SAME_CALL_NS = 1e6;
const SKEW_NS = 0.2e6;
/** Signalled fences kept while they wait for their destroy; captures without it have none. */
const SIGNALED_MOST = 16384;
/** Fences kept where no event tells that one is over. */
const PENDING_MOST = 65536;
const REMEMBERED = 131072;
/** More fences of one key than this are not searched: nothing tells them apart anyway. */
const SEARCHED = 64;
const CONTAINERS: readonly string[] = ['dma_fence_array', 'dma_fence_chain', 'stub'];
/** What stands for a name once the fence is signalled. */
const PLACEHOLDERS: readonly string[] = [
  '',
  'detached-driver',
  'signaled-timeline',
  'signaled',
  'detached',
];

class FenceTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'fence.init': (init) => this.#init(init),
    'fence.emit': (emit) => {
      this.#sight(emit).emit ??= markOf(emit);
    },
    'fence.enable_signal': (enable) => this.#enable(enable),
    'fence.wait_start': (wait) => this.#sight(wait),
    'fence.signaled': (signaled) => this.#signaled(signaled),
    'fence.destroy': (destroy) => this.#destroy(destroy),
    'fence.signal_call': (call) => this.#signalCall(call),
    'fence.release_call': (release) => this.#released(release),
  };
  readonly #context: LifetimeContext;
  readonly #unwrapper = new SeqnoUnwrapper();
  /** Generations of the keys seen lately. */
  readonly #generations = new RecentKeys<number>(REMEMBERED);
  /** Keys whose signalled fence was let go of before its destroy. */
  readonly #evicted = new RecentKeys<true>(REMEMBERED);
  readonly #byPointer = new Map<Word, LiveFence>();
  readonly #waitingForDestroy = new Retirement<LiveFence>(
    Number.POSITIVE_INFINITY,
    SIGNALED_MOST,
    (old) => this.#evict(old),
    (old) => old.destroyed !== undefined,
  );
  /** Destroyed before they were signalled: the forced signal of dma_fence_release may follow. */
  readonly #dropped = new Retirement<LiveFence>(DROP_GRACE_NS, 4096, (old) => this.#close(old));

  /** All fences by age: where none is ever seen signalled or destroyed, the oldest make room. */
  readonly #aging = new Retirement<LiveFence>(
    Number.POSITIVE_INFINITY,
    PENDING_MOST,
    (old) => this.#evict(old),
    () => this.#endsSeen,
  );
  #endsSeen = false;

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const open of [...this.#context.live.fences]) this.#close(open);
  }

  #init(init: OccurrenceOf<'fence.init'>): void {
    const { fences } = this.#context.live;
    const alive = fences.withKey(init.context, init.seqno);
    if (alive.length > 0) this.#makeRoom(alive);
    const created = seenEarly(alive, init) ?? this.#create(init);
    created.init = markOf(init);
    created.ownerTid = init.tid;
    created.owner = this.#context.live.taskOf(init.tid);
    const rivals = fences.withKey(init.context, init.seqno);
    if (rivals.length > 1 && hasRival(rivals, created)) {
      created.ambiguous = true;
      for (const rival of rivals.slice(0, SEARCHED)) rival.ambiguous = true;
    }
  }

  /** What is over but was never seen destroyed does not stand in the way of its successor. */
  #makeRoom(alive: readonly LiveFence[]): void {
    if (alive.length > SEARCHED) return;
    for (const before of [...alive]) {
      if (before.destroyed) this.#close(before);
    }
  }

  #create(named: NamedMoment): LiveFence {
    const { context, seqno } = named;
    const key = keyOf(context, seqno);
    const generation = this.#generations.get(key) ?? 0;
    this.#generations.set(key, generation + 1);
    const created: LiveFence = {
      id: this.#context.nextId(fenceTable),
      context,
      seqno,
      generation,
      seqno64: this.#unwrapper.unwrap(context, seqno),
      driver: undefined,
      timeline: undefined,
      pointer: undefined,
      ownerTid: undefined,
      owner: undefined,
      first: markOf(named),
      init: undefined,
      emit: undefined,
      enable: undefined,
      enableTid: undefined,
      enabler: undefined,
      signaled: undefined,
      signaledTid: undefined,
      destroyed: undefined,
      destroyTid: undefined,
      destroyer: undefined,
      error: undefined,
      errorEvent: undefined,
      signalCalls: 0,
      signalCall: undefined,
      jobId: undefined,
      ambiguous: false,
    };
    name(created, named);
    this.#context.live.fences.add(created);
    this.#aging.add(created, named.ts);
    return created;
  }

  /** The fence an event names; one born before the capture is new to us. */
  #sight(named: NamedMoment): LiveFence {
    const known = this.#context.live.fences.current(named.context, named.seqno);
    if (!known) return this.#create(named);
    if (known.driver === undefined || known.timeline === undefined) name(known, named);
    return known;
  }

  #enable(enable: OccurrenceOf<'fence.enable_signal'>): void {
    const enabled = this.#sight(enable);
    if (enabled.enable) return;
    enabled.enable = markOf(enable);
    enabled.enableTid = enable.tid;
    enabled.enabler = this.#context.live.taskOf(enable.tid);
  }

  #signaled(signaled: OccurrenceOf<'fence.signaled'>): void {
    this.#endsSeen = true;
    const done = this.#sight(signaled);
    if (done.signaled) return;
    done.signaled = markOf(signaled);
    done.signaledTid = signaled.tid;
    if (done.destroyed) this.#close(done);
    else this.#waitingForDestroy.add(done, signaled.ts);
    this.#dropped.advance(signaled.ts);
  }

  #destroy(destroy: OccurrenceOf<'fence.destroy'>): void {
    this.#endsSeen = true;
    const alive = this.#context.live.fences.withKey(destroy.context, destroy.seqno);
    if (alive.length === 0 && this.#evicted.has(keyOf(destroy.context, destroy.seqno))) return;
    const gone = destroyedOf(alive) ?? this.#create(destroy);
    gone.destroyed = markOf(destroy);
    gone.destroyTid = destroy.tid;
    gone.destroyer = this.#context.live.taskOf(destroy.tid);
    if (gone.signaled || gone.signalCall) this.#close(gone);
    else this.#dropped.add(gone, destroy.ts);
  }

  #signalCall(call: OccurrenceOf<'fence.signal_call'>): void {
    const called = this.#called(call);
    if (!called) return;
    if (call.pointer !== undefined && called.pointer === undefined) {
      called.pointer = call.pointer;
      this.#byPointer.set(call.pointer, called);
    }
    const late = called.signaled !== undefined && call.ts - called.signaled.ts > SAME_CALL_NS;
    // the release path calls again for what is signalled already: harmless
    if (call.signaled === true || (call.signaled === undefined && late)) return;
    if (call.error !== undefined && !called.error) {
      called.error = call.error;
      called.errorEvent = call.event;
    }
    const before = called.signalCall;
    if (before?.tid === call.tid && call.ts - before.ts <= SAME_CALL_NS) return;
    called.signalCalls += 1;
    called.signalCall ??= { tid: call.tid, ...markOf(call) };
  }

  /** Before its destroy event, which is inside. What was not signalled has no error yet. */
  #released(release: OccurrenceOf<'fence.release_call'>): void {
    const { error } = release;
    if (error === undefined || (release.signaled !== true && error === 0)) return;
    const key = [low32(release.context), low32(release.seqno)] as const;
    const over = this.#context.live.fences.current(...key);
    if (!over || over.ambiguous || over.error !== undefined) return;
    over.error = error;
    over.errorEvent = release.event;
  }

  #called(call: OccurrenceOf<'fence.signal_call'>): LiveFence | undefined {
    const { context, seqno, pointer } = call;
    if (context === undefined || seqno === undefined) {
      return pointer === undefined ? undefined : this.#byPointer.get(pointer);
    }
    const known = this.#context.live.fences.current(context, seqno);
    if (known || this.#evicted.has(keyOf(low32(context), low32(seqno)))) return known;
    const { event, ts, cpu, tid } = call;
    const created = this.#create({
      event,
      ts,
      cpu,
      tid,
      context: low32(context),
      seqno: low32(seqno),
      driver: '',
      timeline: '',
    });
    created.seqno64 = seqno;
    return created;
  }

  #evict(old: LiveFence): void {
    if (!this.#context.live.fences.withKey(old.context, old.seqno).includes(old)) return;
    this.#evicted.set(keyOf(old.context, old.seqno), true);
    this.#close(old);
  }

  #close(over: LiveFence): void {
    if (!this.#context.live.fences.remove(over)) return;
    if (over.pointer !== undefined && this.#byPointer.get(over.pointer) === over) {
      this.#byPointer.delete(over.pointer);
    }
    this.#context.emit(fenceTable, {
      id: over.id,
      error: over.error ?? null,
      error_event: over.errorEvent ?? null,
      signal_calls: over.signalCalls,
      job_id: over.jobId ?? null,
      ambiguous: flag(over.ambiguous),
      container: flag(CONTAINERS.includes(over.driver ?? '')),
      dropped: flag(wasDropped(over)),
      // behind plain fields: a literal that begins with a spread costs 20 µs in V8
      ...identityOf(over),
      ...earlyMomentsOf(over),
      ...lateMomentsOf(over),
      ...lived(this.#context, over.init, over.destroyed),
    });
  }
}

/** Clocks of two CPUs differ by microseconds: an event of the fence may come before its init. */
function seenEarly(alive: readonly LiveFence[], init: Moment): LiveFence | undefined {
  const [only] = alive;
  if (!only || alive.length > 1 || only.init || only.signaled || only.destroyed) return undefined;
  return init.ts - only.first.ts <= SKEW_NS ? only : undefined;
}

/** Of several with one key: one that is signalled is the likelier to be destroyed. */
function destroyedOf(alive: readonly LiveFence[]): LiveFence | undefined {
  const left = alive.length > SEARCHED ? alive : alive.filter((one) => !one.destroyed);
  if (alive.length > SEARCHED) return alive[0];
  return left.find((one) => one.signaled) ?? left[0];
}

/** Whether another fence of the key is pending as well, so that later events may be either's. */
function hasRival(alive: readonly LiveFence[], created: LiveFence): boolean {
  if (alive.length > SEARCHED) return true;
  return alive.some((other) => other !== created && !other.signaled && !other.destroyed);
}

function wasDropped(over: LiveFence): boolean {
  if (over.ambiguous || !over.destroyed) return false;
  if (over.error === EDEADLK) return true;
  return over.signaled !== undefined && over.signaled.event > over.destroyed.event;
}

function name(named: LiveFence, by: NamedMoment): void {
  if (!PLACEHOLDERS.includes(by.driver)) named.driver ??= by.driver;
  if (!PLACEHOLDERS.includes(by.timeline)) named.timeline ??= by.timeline;
}

function identityOf(over: LiveFence) {
  return {
    context: over.context,
    seqno: over.seqno,
    seqno64: over.seqno64,
    generation: over.generation,
    driver: over.driver ?? null,
    timeline: over.timeline ?? null,
    pointer: over.pointer ?? null,
    owner_tid: over.ownerTid ?? null,
    owner_process_id: over.owner?.process.id ?? null,
  };
}

function earlyMomentsOf(over: LiveFence) {
  return {
    first_ts: over.first.ts,
    first_event: over.first.event,
    init_ts: over.init?.ts ?? null,
    init_event: over.init?.event ?? null,
    emit_ts: over.emit?.ts ?? null,
    emit_event: over.emit?.event ?? null,
    enable_ts: over.enable?.ts ?? null,
    enable_event: over.enable?.event ?? null,
    enable_tid: over.enableTid ?? null,
    enable_process_id: over.enabler?.process.id ?? null,
  };
}

function lateMomentsOf(over: LiveFence) {
  // the call signals the fence, whether or not the tracepoint inside it was recorded
  const signaled = over.signaled ?? over.signalCall;
  return {
    signaled_ts: signaled?.ts ?? null,
    signaled_event: signaled?.event ?? null,
    signaled_tid: over.signaledTid ?? over.signalCall?.tid ?? null,
    destroy_ts: over.destroyed?.ts ?? null,
    destroy_event: over.destroyed?.event ?? null,
    destroy_tid: over.destroyTid ?? null,
    destroy_process_id: over.destroyer?.process.id ?? null,
  };
}
