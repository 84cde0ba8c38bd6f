/**
 * What a capture shows of what its load really did, aspect by aspect, whatever form it was recorded
 * in: the same truth is asked of a trace.dat, a perf.data and every kind of text.
 */
import type { Finding } from '../../src/analyzers/finding.ts';
import type { Result } from '../../src/analyzers/result.ts';
import type { Row } from '../../src/store/table.ts';
import type { Objects } from '../run-capture.ts';
import type { Change, Fault, Job, Truth } from './truth.ts';

/** One thing the truth states and the capture should show. */
export interface Aspect {
  /** What kind of thing: the table of what forms cannot show speaks of these. */
  readonly about: About;
  readonly name: string;
  readonly stated: string;
  /** What was found instead; undefined when it is as stated. */
  readonly found: string | undefined;
}

export type About =
  | 'fence'
  | 'fence latency'
  | 'fence end'
  | 'fence pending at the end'
  | 'fence error'
  | 'notifier'
  | 'range fault'
  | 'invalidation'
  | 'invalidation duration'
  | 'device fault'
  | 'death'
  | `finding ${string}`;

const MS = 1e6;
/** Timers of the recorded machines tick at 100 or 250 Hz, and their CPUs are emulated. */
const SLOWNESS = 4;
const TICKS_MS = 40;
/** Changes that wait longer are stalls beyond doubt; a short job may be over before the change begins. */
const SURE_STALL_MS = 15;
const SURE_TIMEOUT_MS = 950;
/** The recording must go on that long before a fence can be called never signalled. */
const AFTER_DEATH_NS = 100 * MS;

export interface Shown {
  readonly objects: Objects;
  readonly result: Result;
}

export function aspectsOf(truth: Truth, shown: Shown): Aspect[] {
  return [
    ...truth.jobs.flatMap((job) => jobAspects(job, shown)),
    ...notifierAspects(truth, shown),
    ...faultAspects(truth.faults, shown),
    ...accessAspects(truth, shown),
    ...changeAspects(truth, shown),
    ...deviceFaultAspects(truth, shown),
    ...deathAspects(truth, shown),
    ...demandedOf(truth, shown).map((demand) => findingAspect(demand, shown)),
  ];
}

/** Findings above info that the truth does not tell of. */
export function strangeFindings(truth: Truth, shown: Shown): string[] {
  if (!truth.isWhole) return [];
  const demanded = demandedOf(truth, shown).map(({ detector }) => detector);
  const told = new Set([...demanded, ...allowedOf(truth)]);
  // the kernel itself warns of a fence that is released unsignalled, whatever the load says
  const { objects } = shown;
  if (objects.rows('fence').some((row) => row.dropped === 1)) told.add('fence-never-signalled');
  return shown.result.findings
    .filter((finding) => isAlarm(finding) && !told.has(finding.detector))
    .map(({ detector, summary }) => `${detector}: ${summary}`);
}

const number = (value: Row[string]): number => Number(value ?? Number.NaN);
const aspect = (about: About, name: string, stated: unknown, found: unknown): Aspect => {
  const isSame = String(stated) === String(found);
  return { about, name, stated: String(stated), found: isSame ? undefined : String(found) };
};

function ofOrder(about: About, name: string, statedMs: number, foundMs: number): Aspect {
  const least = statedMs / SLOWNESS;
  const most = statedMs * SLOWNESS + TICKS_MS;
  const found = foundMs >= least && foundMs <= most ? undefined : `${foundMs.toFixed(3)} ms`;
  return { about, name, stated: `${statedMs} ms`, found };
}

function fenceOf({ context, seqno }: Job, { objects }: Shown): Row | undefined {
  return objects.rows('fence').find((row) => row.context === context && row.seqno === seqno);
}

function jobAspects(job: Job, shown: Shown): Aspect[] {
  const name = `${job.context}:${job.seqno}`;
  const row = fenceOf(job, shown);
  const aspects = [aspect('fence', `fence ${name} of thread`, job.tid, row?.owner_tid)];
  if (!row) return aspects;
  const end = row.signaled_ts === null ? 'never' : 'signalled';
  const most = (job.delayMs * SLOWNESS + TICKS_MS) * MS;
  const isCutOff = row.signaled_ts === null && shown.objects.last - number(row.init_ts) < most;
  if (!job.never && isCutOff) {
    return [...aspects, aspect('fence pending at the end', `fence ${name} is`, 'signalled', end)];
  }
  aspects.push(aspect('fence end', `fence ${name} is`, job.never ? 'never' : 'signalled', end));
  if (!job.never) {
    const latency = (number(row.signaled_ts) - number(row.init_ts)) / MS;
    aspects.push(ofOrder('fence latency', `fence ${name} took`, job.delayMs, latency));
  }
  if (job.failed) aspects.push(aspect('fence error', `fence ${name} failed`, -5, row.error));
  return aspects;
}

function notifierAspects({ bound }: Truth, { objects }: Shown): Aspect[] {
  const rows = objects.rows('notifier');
  return bound.map(({ start, end }) => {
    const found = rows.some(
      (row) => number(row.range_start) === start && number(row.range_last) === end - 1,
    );
    return aspect('notifier', `notifier on 0x${start.toString(16)}`, true, found);
  });
}

/** Neighbouring faults of one range may be one episode: its attempts are what counts. */
function faultAspects(faults: readonly Fault[], { objects }: Shown): Aspect[] {
  if (faults.length === 0) return [];
  const threads = new Set<unknown>(faults.map(({ tid }) => tid));
  const episodes = objects.rows('range_fault').filter((row) => threads.has(row.tid));
  const attempts = episodes.reduce((sum, row) => sum + number(row.attempts), 0);
  const least = faults.reduce((sum, { retries }) => sum + Math.max(retries, 1), 0);
  const most = least + faults.length;
  const isSo = attempts >= least && attempts <= most && episodes.length <= faults.length;
  return [
    {
      about: 'range fault',
      name: 'attempts of the range faults',
      stated: `${least} to ${most}`,
      found: isSo ? undefined : `${attempts} in ${episodes.length} episodes`,
    },
  ];
}

/** test_hmm faults what it reads and writes: at least one range, one at a time. */
function accessAspects({ accesses }: Truth, { objects }: Shown): Aspect[] {
  if (accesses === 0) return [];
  const episodes = objects.rows('range_fault').length;
  const isSo = episodes > 0 && episodes <= accesses;
  const found = isSo ? undefined : `${episodes}`;
  return [{ about: 'range fault', name: 'range faults', stated: `1 to ${accesses}`, found }];
}

/** The invalidation of each change waits for the job that was running. */
function changeAspects({ changes }: Truth, shown: Shown): Aspect[] {
  const { objects } = shown;
  const waits = new Map(objects.rows('fence_wait').map((row) => [row.id, row]));
  return changes.flatMap(({ call, ms, job }) => {
    const fence = fenceOf(job, shown);
    const row = objects
      .rows('invalidation')
      .find(({ longest_wait_id: id }) => waits.get(number(id))?.fence_id === (fence?.id ?? -1));
    const name = `${call} waits for ${job.context}:${job.seqno}`;
    const found = aspect('invalidation', name, true, row !== undefined);
    if (!row) return [found];
    const end = row.return_ts ?? row.end_ts;
    const took = (number(end) - number(row.start_ts)) / MS;
    // the system call does more than invalidate
    const least = isSureStall({ call, ms, job }) ? Math.min(ms, job.delayMs || ms) / SLOWNESS : 0;
    const isSo = took <= ms + 1 && took >= least;
    const duration: Aspect = {
      about: 'invalidation duration',
      name: `${call} took`,
      stated: `at most ${ms} ms`,
      found: isSo ? undefined : `${took.toFixed(3)} ms`,
    };
    return [found, duration];
  });
}

function deviceFaultAspects({ deviceFaults, deaths }: Truth, { objects }: Shown): Aspect[] {
  if (!deviceFaults) return [];
  const rows = objects.rows('device_fault').filter((row) => row.pasid === deviceFaults.pasid);
  const death = objects.rows('process').find((row) => row.pid === deaths[0]?.tid);
  const served = rows.filter((row) => row.ret === 0);
  const before = rows.filter((row) => number(row.start_ts) < number(death?.end_ts));
  return [
    aspect('device fault', 'device faults', deviceFaults.count, rows.length),
    aspect('device fault', 'served before the death', before.length, served.length),
  ];
}

function deathAspects({ deaths, jobs }: Truth, { objects }: Shown): Aspect[] {
  return deaths.flatMap(({ tid, pending }) => {
    const dead = objects.rows('process').find((row) => row.pid === tid);
    const end = dead?.end_ts ?? null;
    const died = aspect('death', `death of ${tid}`, true, end !== null);
    if (pending === undefined || end === null) return [died];
    const left = objects
      .rows('fence')
      .filter(({ owner_tid }) => owner_tid === tid && jobs.some((job) => job.tid === tid))
      .filter(({ signaled_ts: at }) => at === null || number(at) > number(end));
    return [died, aspect('death', `fences ${tid} leaves pending`, pending, left.length)];
  });
}

function findingAspect({ detector, count }: Demand, { result }: Shown): Aspect {
  const { length } = result.findings.filter((one) => one.detector === detector && isSure(one));
  const about = `finding ${detector}` as const;
  const name = `findings of ${detector}`;
  if (typeof count === 'number') return aspect(about, name, count, length);
  return aspect(about, name, count, length > 0 ? 'some' : 'none');
}

/** Stalls hardly longer than a tick are left to the run. */
function isSure(finding: Finding): boolean {
  if (!isAlarm(finding)) return false;
  return finding.detector !== 'invalidate-stall' || finding.to - finding.from >= SURE_STALL_MS * MS;
}

function isAlarm({ severity }: Finding): boolean {
  return severity !== 'info';
}

interface Demand {
  readonly detector: string;
  readonly count: number | 'some';
}

function demandedOf(truth: Truth, { objects }: Shown): Demand[] {
  const { changes, jobs, deaths, deviceFaults, faults, timeouts = 0 } = truth;
  const demands: Demand[] = [];
  if (!truth.isWhole) return demands;
  const stalls = changes.filter(isSureStall);
  if (stalls.length > 0) demands.push({ detector: 'invalidate-stall', count: 'some' });
  const death = objects.rows('process').find((row) => row.pid === deaths[0]?.tid)?.end_ts ?? null;
  const goesOn = death !== null && objects.last - number(death) > AFTER_DEATH_NS;
  const never = jobs.filter((job) => job.never);
  const isWaitedFor = stalls.some(({ job }) => job.never);
  if (never.length > 0 && (goesOn || isWaitedFor)) {
    demands.push({ detector: 'fence-never-signalled', count: never.length });
  }
  const failed = jobs.filter((job) => job.failed);
  if (failed.length > 0) demands.push({ detector: 'fence-error', count: failed.length });
  if (deviceFaults && deaths.length > 0)
    demands.push({ detector: 'post-exit-gpu-fault', count: 1 });
  if (faults.some(({ retries }) => retries >= 5)) {
    demands.push({ detector: 'hmm-retry-storm', count: 'some' });
  }
  if (timeouts > 0) demands.push({ detector: 'hmm-timeout', count: timeouts });
  return demands;
}

/** A job of a few milliseconds may be over before the change begins. */
function isSureStall({ ms, job }: Change): boolean {
  return ms >= SURE_STALL_MS && (job.never || job.delayMs >= SURE_STALL_MS);
}

/** What else may be said of such a load. */
function allowedOf({ changes, jobs, faults, timeouts, isDisturbed }: Truth): string[] {
  const allowed = ['tool-blind'];
  if (changes.length > 0 || isDisturbed)
    allowed.push('invalidate-stall', 'unmap-under-job', 'fence-wait-timeout');
  if (jobs.some((job) => job.never)) allowed.push('dead-client-fence', 'fence-never-signalled');
  // a short job behind a long one of its context overtakes it
  const overtakes = (one: Job, n: number): boolean =>
    jobs.slice(0, n).some((other) => other.context === one.context && other.delayMs > one.delayMs);
  if (jobs.some(overtakes)) allowed.push('fence-order');
  if (faults.some(({ ms }) => ms >= SURE_TIMEOUT_MS)) allowed.push('hmm-timeout');
  if (faults.some(({ ret }) => ret === -16)) allowed.push('hmm-timeout', 'hmm-retry-storm');
  if (timeouts !== undefined)
    allowed.push(
      'hmm-retry-storm',
      'fork-under-job',
      'migration-thrash',
      'notifier-too-wide',
      'invalidate-stall',
    );
  return allowed;
}
