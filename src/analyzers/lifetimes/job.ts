import { low32 } from '../../kernel/arguments.ts';
import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import { keyOf } from './fence-index.ts';
import { addDependency, dependencyRow, jobDependencyTable } from './job-dependencies.ts';
import { jobRow, jobTable, type OpenJob, openJob } from './job-tables.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import { markOf } from './lived.ts';
import { RecentKeys } from './recent-keys.ts';
import { Retirement } from './retirement.ts';

/**
 * GPU jobs. Kernels before 6.17 name a job by ring, number and the pointer of its finished fence;
 * which fence that is shows when a probe on its signalling gives pointer and context:seqno.
 */
export const job: Lifetime = {
  kind: 'job',
  tables: [jobTable, jobDependencyTable],
  track: (context) => new JobTracker(context),
};

/** Finished jobs wait this long for the name of their fence. */
const KEEP_NS = 1e9;
const KEEP_MOST = 4096;
/** Jobs kept where no event tells that one is done. */
const UNFINISHED_MOST = 16384;
/** Hardware fences whose jobs have not come yet. */
const HARDWARE_NAMES_MOST = 8192;
/** A job is pushed this soon after its fences were made. */
const ARM_TO_PUSH_NS = 50e6;
/** A driver that says it pushes a job does so at once; the thread may be preempted between. */
const HAND_OVER_NS = 10e6;

/** A fence of drm_sched, as its init names it. */
interface Armed {
  readonly context: number;
  readonly seqno: number;
  readonly ring: string;
  readonly ts: number;
  /** The second of the two a job gets, the one it is finished by. */
  readonly finished: boolean;
}

type JobEvent = OccurrenceOf<'job.queue'> | OccurrenceOf<'job.run'>;
type Named = {
  readonly fence: Word | undefined;
  readonly context?: Word | undefined;
  readonly seqno?: Word | undefined;
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
    'job.failed': (failed) => this.#failed(failed),
    'job.fence_named': ({ fence, context, seqno }) => {
      this.#hardwareNames.set(fence, { context, seqno });
    },
    'fence.init': (init) => this.#armed(init),
    'fence.signal_call': (call) => this.#named(call),
    'task.exit': (exit) => {
      this.#arming.delete(exit.tid);
      this.#handed.delete(exit.tid);
    },
    'fence.signaled': (signaled) => this.#signaled(signaled.context, signaled.seqno),
    'fence.destroy': (destroy) => this.#fenceGone(destroy.context, destroy.seqno),
  };
  readonly #context: LifetimeContext;
  readonly #open = new Set<OpenJob>();
  readonly #byPointer = new Map<Word, OpenJob>();
  readonly #byKey = new Map<Word, OpenJob>();
  readonly #byNumber = new Map<string, OpenJob>();
  /** By tid: the last fence it made for the scheduler. */
  readonly #arming = new Map<number, Armed>();
  /** By pointer: names of hardware fences. */
  readonly #hardwareNames = new RecentKeys<{ readonly context: Word; readonly seqno: Word }>(
    HARDWARE_NAMES_MOST,
  );
  /** By tid: the job a driver has just handed to the scheduler. */
  readonly #handed = new Map<number, OpenJob>();
  readonly #finished = new Retirement<OpenJob>(KEEP_NS, KEEP_MOST, (over) => this.#close(over));

  /** All jobs by age: where none is ever seen done, the oldest make room. */
  readonly #aging = new Retirement<OpenJob>(Number.POSITIVE_INFINITY, UNFINISHED_MOST, (old) => {
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
    const before = this.#find({ fence, context, seqno, ring, id }) ?? this.#handedOn(queue);
    // a driver and the scheduler both tell of one submission
    const same = before && !before.run && before.source !== queue.source;
    if (before && !same) this.#close(before);
    const queued = same ? before : this.#create(queue);
    queued.queued ??= markOf(queue);
    queued.owner ??= this.#context.live.taskOf(queue.tid);
    this.#learn(queued, queue);
    if (queued.context === undefined) this.#nameByArming(queued, queue);
    if (queue.source === 'xe') this.#handed.set(queue.tid, queued);
  }

  /** xe_sched_job_push() tells of the job and pushes it to the scheduler, which tells of it again. */
  #handedOn(queue: OccurrenceOf<'job.queue'>): OpenJob | undefined {
    const handed = this.#handed.get(queue.tid);
    if (!handed || queue.source === 'xe') return undefined;
    this.#handed.delete(queue.tid);
    const since = queue.ts - (handed.queued?.ts ?? 0);
    return handed.emitted || since > HAND_OVER_NS ? undefined : handed;
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
  #nameByArming(queued: OpenJob, queue: OccurrenceOf<'job.queue'>): void {
    const armed = this.#arming.get(queue.tid);
    if (!armed?.finished || armed.ring !== queue.ring) return;
    if (queue.ts - armed.ts > ARM_TO_PUSH_NS) return;
    this.#arming.delete(queue.tid);
    this.#name(queued, armed.context, armed.seqno);
  }

  #create(from: JobEvent): OpenJob {
    const created = openJob(this.#context.nextId(jobTable), from.source);
    this.#open.add(created);
    this.#aging.add(created, from.ts);
    return created;
  }

  #learn(known: OpenJob, from: JobEvent): void {
    if (from.source === 'gpu_scheduler' || known.ring === undefined) known.ring = from.ring;
    known.dev ??= from.dev;
    known.number ??= from.id;
    known.entity ??= from.entity;
    known.client ??= from.client;
    if (from.queue !== undefined && known.queueId === undefined) this.#inQueue(known, from);
    if (from.fence !== undefined) this.#point(known, from.fence, from.source);
    if (from.id !== undefined) {
      const key = numberKey(from.ring, from.id);
      if (!known.keys.includes(key)) known.keys.push(key);
      this.#byNumber.set(key, known);
    }
    if (from.context !== undefined && from.seqno !== undefined) {
      // the scheduler names the fence others see, a driver perhaps only that of the hardware
      if (!isNamed(known, from.context, from.seqno) && known.hardware !== undefined) {
        this.#unname(known);
      }
      this.#name(known, from.context, from.seqno);
    }
  }

  #point(known: OpenJob, pointer: Word, source: string): void {
    if (pointer === known.pointer || pointer === known.hardware) return;
    if (source === 'xe') {
      if (known.hardware !== undefined) return;
      known.hardware = pointer;
      const name = this.#hardwareNames.get(pointer);
      if (name && known.context === undefined) this.#name(known, name.context, name.seqno);
    } else {
      if (known.pointer !== undefined) return;
      known.pointer = pointer;
    }
    this.#byPointer.set(pointer, known);
  }

  #inQueue(known: OpenJob, from: JobEvent): void {
    const queue = this.#context.live.queueOf(from.queue, from.dev, from.gt);
    if (!queue) return;
    known.queueId = queue.id;
    if (queue.engine !== undefined) known.ring = `${queue.engine}${queue.number}`;
  }

  #failed(failed: OccurrenceOf<'job.failed'>): void {
    const known = this.#find(failed);
    if (!known) return;
    known.error ??= failed.error;
    if (failed.what === 'timeout') known.timeout ??= markOf(failed);
  }

  /** The finished fence is known by name: joins the job with it. */
  #name(known: OpenJob, context: Word, seqno: Word): void {
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
  #unname(known: OpenJob): void {
    if (known.context !== undefined && known.seqno !== undefined) {
      forget(this.#byKey, keyOf(low32(known.context), low32(known.seqno)), known);
    }
    if (known.fence?.jobId === known.id) known.fence.jobId = undefined;
    known.context = undefined;
    known.seqno = undefined;
    known.fence = undefined;
    known.fenceId = undefined;
  }

  #find(named: Named): OpenJob | undefined {
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
  #neighbour(named: Named, context: number, seqno: number): OpenJob | undefined {
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
    const { context, seqno } = done;
    if (finished.context === undefined && context !== undefined && seqno !== undefined) {
      this.#name(finished, context, seqno);
    }
    this.#finished.add(finished, done.ts);
  }

  #depends(depends: OccurrenceOf<'job.depends'>): void {
    const { ring, id } = depends;
    const waiting =
      ring !== undefined && id !== undefined
        ? this.#byNumber.get(numberKey(ring, id))
        : this.#find(depends);
    if (!waiting) return;
    const { onContext, onSeqno } = depends;
    const named = onContext !== undefined && onSeqno !== undefined;
    const fence = named ? this.#context.live.fences.current(onContext, onSeqno) : undefined;
    if (!waiting.depends) {
      waiting.depends = markOf(depends);
      waiting.dependsFenceId = fence?.id;
    }
    if (fence) addDependency(waiting.dependencies, fence, depends);
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

  #close(over: OpenJob): void {
    if (over.emitted) return;
    over.emitted = true;
    this.#open.delete(over);
    forget(this.#byPointer, over.pointer, over);
    forget(this.#byPointer, over.hardware, over);
    if (over.context !== undefined && over.seqno !== undefined) {
      forget(this.#byKey, keyOf(low32(over.context), low32(over.seqno)), over);
    }
    for (const key of over.keys) forget(this.#byNumber, key, over);
    this.#context.emit(jobTable, jobRow(over, this.#context));
    for (const dependency of over.dependencies) {
      this.#context.emit(jobDependencyTable, dependencyRow(dependency, over.id, this.#context));
    }
  }
}

/** Named so, or not named at all. */
function isNamed(known: OpenJob, context: Word, seqno: Word): boolean {
  if (known.context === undefined || known.seqno === undefined) return true;
  const same = low32(known.context) === low32(context);
  return same && low32(known.seqno) === low32(seqno);
}

function numberKey(ring: string, number: Word): string {
  return `${ring} ${number}`;
}

function forget<K>(map: Map<K, OpenJob>, key: K | undefined, over: OpenJob): void {
  if (key !== undefined && map.get(key) === over) map.delete(key);
}
