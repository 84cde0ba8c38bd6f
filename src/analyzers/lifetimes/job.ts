import { low32 } from '../../kernel/arguments.ts';
import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import { keyOf } from './fence-index.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveFence, LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';
import { Retirement } from './retirement.ts';

export const jobTable: Table = {
  name: 'job',
  doc: 'A GPU job of the scheduler. Ring and number, or context:seqno of its finished fence, name it.',
  columns: [
    text('ring', 'Ring or queue.'),
    text('dev', 'Device, where the event says so.'),
    integer('job_number', 'Number per ring (kernels before 6.17).'),
    integer('entity', 'drm_sched_entity pointer (kernels before 6.17).'),
    integer('context', 'Fence context of the finished fence.'),
    integer('seqno', 'Sequence number of the finished fence.'),
    integer('fence_pointer', 'Pointer of the finished fence (kernels before 6.17).'),
    integer('fence_id', 'fence.id of the finished fence.'),
    integer('owner_tid', 'Thread that queued it.'),
    integer('owner_process_id', 'process.id of that thread.'),
    integer('queue_ts', 'Pushed to its entity, relative ns.'),
    integer('queue_event', 'That event.'),
    integer('run_ts', 'Given to the hardware, relative ns; NULL = never while the capture ran.'),
    integer('run_event', 'That event.'),
    integer('done_ts', 'Hardware reported it done, relative ns.'),
    integer('done_event', 'That event.'),
    integer('depends_event', 'First event saying that it had to wait for a fence.'),
    integer('depends_fence_id', 'fence.id of that fence.'),
    text('source', 'Events it is made of, for example `gpu_scheduler` or `amdgpu`.'),
    ...span('queued', 'done'),
  ],
  indexes: [
    ['ring', 'job_number'],
    ['context', 'seqno'],
  ],
};

/**
 * GPU jobs. Kernels before 6.17 name a job by ring, number and the pointer of its finished fence;
 * which fence that is shows when a probe on its signalling gives pointer and context:seqno.
 */
export const job: Lifetime = {
  kind: 'job',
  tables: [jobTable],
  track: (context) => new JobTracker(context),
};

/** Finished jobs wait this long for the name of their fence. */
const KEEP_NS = 1e9;
const KEEP_MOST = 4096;
/** Jobs kept where no event tells that one is done. */
const UNFINISHED_MOST = 16384;
/** A job is pushed this soon after its fences were made. */
const ARM_TO_PUSH_NS = 50e6;

/** A fence of drm_sched, as its init names it. */
interface Armed {
  readonly context: number;
  readonly seqno: number;
  readonly ring: string;
  readonly ts: number;
  /** The second of the two a job gets, the one it is finished by. */
  readonly finished: boolean;
}

interface LiveJob {
  readonly id: number;
  ring: string | undefined;
  dev: string | undefined;
  number: Word | undefined;
  entity: Word | undefined;
  context: Word | undefined;
  seqno: Word | undefined;
  pointer: Word | undefined;
  fence: LiveFence | undefined;
  fenceId: number | undefined;
  owner: LiveTask | undefined;
  source: string;
  queued: Mark | undefined;
  run: Mark | undefined;
  done: Mark | undefined;
  depends: Mark | undefined;
  dependsFenceId: number | undefined;
  emitted: boolean;
}

type JobEvent = OccurrenceOf<'job.queue'> | OccurrenceOf<'job.run'>;
type Named = Pick<JobEvent, 'fence' | 'context' | 'seqno'> & {
  readonly source?: string;
  readonly ring?: string | undefined;
  readonly id?: Word | undefined;
};

class JobTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'job.queue': (queue) => this.#queue(queue),
    'job.run': (run) => {
      const running = this.#find(run) ?? this.#create(run);
      this.#learn(running, run);
      running.run ??= markOf(run);
    },
    'job.done': (done) => this.#done(done),
    'job.depends': (depends) => this.#depends(depends),
    'fence.init': (init) => this.#armed(init),
    'fence.signal_call': (call) => this.#named(call),
    'task.exit': (exit) => this.#arming.delete(exit.tid),
    'fence.signaled': (signaled) => this.#signaled(signaled.context, signaled.seqno),
    'fence.destroy': (destroy) => this.#fenceGone(destroy.context, destroy.seqno),
  };
  readonly #context: LifetimeContext;
  readonly #open = new Set<LiveJob>();
  readonly #byPointer = new Map<Word, LiveJob>();
  readonly #byKey = new Map<Word, LiveJob>();
  readonly #byNumber = new Map<string, LiveJob>();
  /** By tid: the last fence it made for the scheduler. */
  readonly #arming = new Map<number, Armed>();
  readonly #finished = new Retirement<LiveJob>(KEEP_NS, KEEP_MOST, (over) => this.#close(over));

  /** All jobs by age: where none is ever seen done, the oldest make room. */
  readonly #aging = new Retirement<LiveJob>(Number.POSITIVE_INFINITY, UNFINISHED_MOST, (old) => {
    if (!this.#doneSeen) this.#close(old);
  });
  #doneSeen = false;

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const open of [...this.#open]) this.#close(open);
  }

  #queue(queue: OccurrenceOf<'job.queue'>): void {
    const { fence, context, seqno, ring, id } = queue;
    const before = this.#find({ fence, context, seqno, ring, id });
    // amdgpu and the scheduler both tell of one submission
    const same = before && !before.run && before.source !== queue.source;
    if (before && !same) this.#close(before);
    const queued = same ? before : this.#create(queue);
    queued.queued ??= markOf(queue);
    queued.owner ??= this.#context.live.taskOf(queue.tid);
    this.#learn(queued, queue);
    if (queued.context === undefined) this.#nameByArming(queued, queue);
  }

  /**
   * drm_sched_job_arm() makes the scheduled fence and, in the next context, the finished one; the
   * same thread pushes the job right after.
   */
  #armed(init: OccurrenceOf<'fence.init'>): void {
    if (init.driver !== 'drm_sched') return;
    const { context, seqno, timeline: ring, ts } = init;
    const before = this.#arming.get(init.tid);
    const finished =
      before?.finished === false && before.context + 1 === context && before.seqno === seqno;
    this.#arming.set(init.tid, { context, seqno, ring, ts, finished });
  }

  /** An older kernel's job, whose events name its fence by pointer only. */
  #nameByArming(queued: LiveJob, queue: OccurrenceOf<'job.queue'>): void {
    const armed = this.#arming.get(queue.tid);
    if (!armed?.finished || armed.ring !== queue.ring) return;
    if (queue.ts - armed.ts > ARM_TO_PUSH_NS) return;
    this.#arming.delete(queue.tid);
    this.#name(queued, armed.context, armed.seqno);
  }

  #create(from: JobEvent): LiveJob {
    const created: LiveJob = {
      id: this.#context.nextId(jobTable),
      ring: undefined,
      dev: undefined,
      number: undefined,
      entity: undefined,
      context: undefined,
      seqno: undefined,
      pointer: undefined,
      fence: undefined,
      fenceId: undefined,
      owner: undefined,
      source: from.source,
      queued: undefined,
      run: undefined,
      done: undefined,
      depends: undefined,
      dependsFenceId: undefined,
      emitted: false,
    };
    this.#open.add(created);
    this.#aging.add(created, from.ts);
    return created;
  }

  #learn(known: LiveJob, from: JobEvent): void {
    if (from.source === 'gpu_scheduler' || known.ring === undefined) known.ring = from.ring;
    known.dev ??= from.dev;
    known.number ??= from.id;
    known.entity ??= from.entity;
    if (from.fence !== undefined && known.pointer === undefined) {
      known.pointer = from.fence;
      this.#byPointer.set(from.fence, known);
    }
    if (from.id !== undefined) this.#byNumber.set(numberKey(from.ring, from.id), known);
    if (from.context !== undefined && from.seqno !== undefined) {
      this.#name(known, from.context, from.seqno);
    }
  }

  /** The finished fence is known by name: joins the job with it. */
  #name(known: LiveJob, context: Word, seqno: Word): void {
    if (known.context === undefined) {
      known.context = context;
      known.seqno = seqno;
      this.#byKey.set(keyOf(low32(context), low32(seqno)), known);
    }
    if (known.fence) return;
    const fence = this.#context.live.fences.current(context, seqno);
    if (!fence) return;
    known.fence = fence;
    known.fenceId = fence.id;
    fence.jobId = known.id;
    // a worker may have made the fence for the process that submitted the job
    if (known.owner && fence.owner?.kernelThread !== false && !known.owner.kernelThread) {
      fence.owner = known.owner;
      fence.ownerTid = known.owner.tid;
    }
  }

  /** What was inferred of its fence proves wrong. */
  #unname(known: LiveJob): void {
    if (known.context !== undefined && known.seqno !== undefined) {
      forget(this.#byKey, keyOf(low32(known.context), low32(known.seqno)), known);
    }
    if (known.fence?.jobId === known.id) known.fence.jobId = undefined;
    known.context = undefined;
    known.seqno = undefined;
    known.fence = undefined;
    known.fenceId = undefined;
  }

  #find(named: Named): LiveJob | undefined {
    if (named.fence !== undefined) {
      const byPointer = this.#byPointer.get(named.fence);
      if (byPointer) return byPointer;
    }
    if (named.ring !== undefined && named.id !== undefined) {
      const byNumber = this.#byNumber.get(numberKey(named.ring, named.id));
      if (byNumber) return byNumber;
    }
    if (named.context === undefined || named.seqno === undefined) return undefined;
    const context = low32(named.context);
    const seqno = low32(named.seqno);
    return this.#byKey.get(keyOf(context, seqno)) ?? this.#neighbour(named, context, seqno);
  }

  /**
   * drm_sched gives a job two contexts, scheduled and finished right after it: amdgpu's two events
   * do not name the same one in every version.
   */
  #neighbour(named: Named, context: number, seqno: number): LiveJob | undefined {
    if (named.source !== 'amdgpu' || context === 0) return undefined;
    const other =
      this.#byKey.get(keyOf(context - 1, seqno)) ?? this.#byKey.get(keyOf(context + 1, seqno));
    return other?.source === 'amdgpu' && !other.run ? other : undefined;
  }

  #done(done: OccurrenceOf<'job.done'>): void {
    this.#doneSeen = true;
    const finished = this.#find(done);
    if (!finished) return;
    finished.done ??= markOf(done);
    this.#finished.add(finished, done.ts);
  }

  #depends(depends: OccurrenceOf<'job.depends'>): void {
    const { ring, id } = depends;
    const waiting =
      ring !== undefined && id !== undefined
        ? this.#byNumber.get(numberKey(ring, id))
        : this.#find(depends);
    if (!waiting || waiting.depends) return;
    waiting.depends = markOf(depends);
    const { onContext, onSeqno } = depends;
    if (onContext === undefined || onSeqno === undefined) return;
    waiting.dependsFenceId = this.#context.live.fences.current(onContext, onSeqno)?.id;
  }

  /** A signalling probe shows which context:seqno the pointer of a job's fence is. */
  #named(call: OccurrenceOf<'fence.signal_call'>): void {
    if (call.pointer === undefined || call.context === undefined || call.seqno === undefined)
      return;
    const known = this.#byPointer.get(call.pointer);
    if (!known) return;
    if (!isNamed(known, call.context, call.seqno)) this.#unname(known);
    this.#name(known, call.context, call.seqno);
  }

  /** A fence born before the capture is first seen when it signals. */
  #signaled(context: number, seqno: number): void {
    const known = this.#byKey.get(keyOf(context, seqno));
    if (known && !known.fence) this.#name(known, context, seqno);
  }

  #fenceGone(context: number, seqno: number): void {
    const over = this.#byKey.get(keyOf(context, seqno));
    if (over) this.#close(over);
  }

  #close(over: LiveJob): void {
    if (over.emitted) return;
    over.emitted = true;
    this.#open.delete(over);
    forget(this.#byPointer, over.pointer, over);
    if (over.context !== undefined && over.seqno !== undefined) {
      forget(this.#byKey, keyOf(low32(over.context), low32(over.seqno)), over);
    }
    if (over.ring !== undefined && over.number !== undefined) {
      forget(this.#byNumber, numberKey(over.ring, over.number), over);
    }
    this.#emit(over);
  }

  #emit(over: LiveJob): void {
    this.#context.emit(jobTable, {
      id: over.id,
      ring: over.ring ?? null,
      dev: over.dev ?? null,
      job_number: over.number ?? null,
      entity: over.entity ?? null,
      context: over.context ?? null,
      seqno: over.seqno ?? null,
      fence_pointer: over.pointer ?? null,
      fence_id: over.fenceId ?? null,
      owner_tid: over.owner?.tid ?? null,
      owner_process_id: over.owner?.process.id ?? null,
      ...momentsOf(over),
      depends_fence_id: over.dependsFenceId ?? null,
      source: over.source,
      ...lived(this.#context, over.queued, over.done),
    });
  }
}

function momentsOf(over: LiveJob) {
  return {
    queue_ts: over.queued?.ts ?? null,
    queue_event: over.queued?.event ?? null,
    run_ts: over.run?.ts ?? null,
    run_event: over.run?.event ?? null,
    done_ts: over.done?.ts ?? null,
    done_event: over.done?.event ?? null,
    depends_event: over.depends?.event ?? null,
  };
}

/** Named so, or not named at all. */
function isNamed(known: LiveJob, context: Word, seqno: Word): boolean {
  if (known.context === undefined || known.seqno === undefined) return true;
  const same = low32(known.context) === low32(context);
  return same && low32(known.seqno) === low32(seqno);
}

function numberKey(ring: string, number: Word): string {
  return `${ring} ${number}`;
}

function forget<K>(map: Map<K, LiveJob>, key: K | undefined, over: LiveJob): void {
  if (key !== undefined && map.get(key) === over) map.delete(key);
}
