/**
 * Evicted user queues that cannot be restored: svm_range_restore_work and
 * amdgpu_amdkfd_restore_userptr_worker queue themselves again after a millisecond whenever anything
 * fails, without limit (amdkfd/kfd_svm.c, amdgpu_amdkfd_gpuvm.c).
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { invalidations, rangeFaults, restoreWorkers } from './shared/needs.ts';
import { processOf } from './shared/range-fault.ts';
import {
  type Actor,
  actor,
  duration,
  errno,
  hex,
  isKernelThread,
  processActor,
  range,
} from './shared/wording.ts';

const ATTEMPTS: Threshold = {
  name: 'attempts',
  unit: 'count',
  default: 50,
  doc: 'So many attempts in a row without success, within `window`; a few are normal after a burst of invalidations.',
};
const WINDOW: Threshold = {
  name: 'window',
  unit: 'ns',
  default: 1e9,
  doc: 'The time they are made in.',
};
const EVIDENCE_ATTEMPTS = 8;
const EFAULT = -14;
const EBUSY = -16;
const EAGAIN = -11;

export const restoreLivelock: Detector = {
  meta: {
    id: 'restore-livelock',
    number: 'D3',
    title: 'Evicted queues that are never restored',
    description:
      'A worker of the driver tries again and again to make memory present so that the user queues of a process may run, and fails each time: 50 attempts within a second without a success. The program stands still, its queues stay evicted, and a CPU is burned.',
    severity: 'error',
    needs: [restoreWorkers],
    uses: [rangeFaults, invalidations],
    thresholds: [ATTEMPTS, WINDOW],
    traps: [
      'Restoring is tried again a few times after every burst of invalidations: only many in a row count.',
      'Without a probe on hmm_range_fault or on kgd2kfd_resume_mm an attempt that succeeded looks like one that failed.',
      'Other drivers retry from a worker, too: without the work function it is only a worker that fails the same range.',
    ],
    references: [
      'drivers/gpu/drm/amd/amdkfd/kfd_svm.c: svm_range_restore_work',
      'drivers/gpu/drm/amd/amdgpu/amdgpu_amdkfd_gpuvm.c: amdgpu_amdkfd_restore_userptr_worker',
      'drivers/gpu/drm/amd/amdkfd/kfd_smi_events.c: kfd_smi_event_queue_restore (rescheduled)',
    ],
  },

  cannotDecide(view) {
    if (view.clock.unit !== 'ns') return 'The clock counts ticks of unknown length.';
    if (view.observed('hmm.range_fault_return') || view.observed('queue.restore')) return undefined;
    return view.all('SELECT 1 FROM restore_attempt LIMIT 1').length > 0
      ? undefined
      : 'No worker that restores queues was probed, no result of hmm_range_fault, and there are no KFD SMI events.';
  },

  *detect(view) {
    const restores = chainsOf(view, restoreAttempts(view));
    for (const chain of restores) yield chainFinding(view, chain);
    const told = new Set(restores.map((chain) => chain[0]?.tid));
    const workers = workerFaults(view).filter(({ tid }) => !told.has(tid));
    for (const chain of chainsOf(view, workers)) yield chainFinding(view, chain);
  },
};

interface Attempt {
  readonly kind: 'restore_attempt' | 'range_fault';
  readonly id: number;
  /** What is tried: attempts with the same name follow each other. */
  readonly name: string;
  readonly function: string | null;
  readonly tid: number | null;
  readonly process_id: number | null;
  readonly mm: Word | null;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  /** 1 = it worked, which ends a chain; 0 = it surely failed; NULL = not known. */
  readonly worked: number | null;
  readonly ret: number | null;
  readonly evicted_ts: number | null;
  readonly evicted_event: number | null;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly end_event: number | null;
  readonly lossy: number | null;
}

function restoreAttempts(view: View): Attempt[] {
  return view.all<Attempt>(
    `SELECT 'restore_attempt' AS kind, id, coalesce('work ' || work, 'process ' || process_id || ' ' || coalesce(node, ''), function) AS name,
            function, tid, process_id, mm, NULL AS range_start, NULL AS range_end,
            CASE WHEN outcome = 'restored' THEN 1 WHEN outcome = 'again' OR failed > 0 THEN 0
                 WHEN faults > 0 THEN 1 END AS worked,
            last_ret AS ret, evicted_ts, evicted_event, start_ts, start_event, end_event, lossy
       FROM restore_attempt WHERE start_ts IS NOT NULL ORDER BY start_ts`,
  );
}

/** Range faults by kernel threads: what a worker tries, where its work function was not probed. */
function workerFaults(view: View): Attempt[] {
  const tids = view
    .all<{ tid: number; start_ts: number }>(
      `SELECT tid, min(start_ts) AS start_ts FROM range_fault WHERE start_ts IS NOT NULL
        GROUP BY tid HAVING sum(coalesce(wrapper_ret, last_ret) < 0) >= ?`,
      view.limit(ATTEMPTS),
    )
    .filter(({ tid, start_ts }) =>
      isKernelThread(actor(view, tid, processOf(view, tid, start_ts)).comm),
    );
  return tids.flatMap(({ tid }) =>
    view.all<Attempt>(
      `SELECT 'range_fault' AS kind, id, tid || ' ' || coalesce(range_start, '') AS name,
              wrapper AS function, tid, process_id, mm, range_start, range_end,
              coalesce(wrapper_ret, last_ret) >= 0 AS worked,
              coalesce(wrapper_ret, last_ret) AS ret, NULL AS evicted_ts, NULL AS evicted_event,
              start_ts, start_event, end_event, lossy
         FROM range_fault WHERE tid = ? AND start_ts IS NOT NULL ORDER BY start_ts`,
      tid,
    ),
  );
}

/** Unbroken rows of failures, dense enough to be a livelock. */
function chainsOf(view: View, attempts: readonly Attempt[]): Attempt[][] {
  const open = new Map<string, Attempt[]>();
  const chains: Attempt[][] = [];
  const close = (name: string): void => {
    const chain = open.get(name) ?? [];
    open.delete(name);
    if (isDense(view, chain)) chains.push(chain);
  };
  for (const attempt of attempts) {
    const last = open.get(attempt.name)?.at(-1);
    if (last !== undefined && attempt.start_ts - last.start_ts > view.limit(WINDOW)) {
      close(attempt.name);
    }
    if (attempt.worked === 1) {
      close(attempt.name);
      continue;
    }
    const chain = open.get(attempt.name);
    if (chain === undefined) open.set(attempt.name, [attempt]);
    else chain.push(attempt);
  }
  for (const name of [...open.keys()]) close(name);
  return chains;
}

function isDense(view: View, chain: readonly Attempt[]): boolean {
  return chain.some((attempt, n) => {
    const before = chain[n - view.limit(ATTEMPTS) + 1];
    return before !== undefined && attempt.start_ts - before.start_ts <= view.limit(WINDOW);
  });
}

function chainFinding(view: View, chain: readonly Attempt[]): FindingDraft {
  const first = chain[0] as Attempt;
  const last = chain.at(-1) ?? first;
  const owner = processActor(
    view,
    chain.find((one) => one.process_id !== null)?.process_id ?? null,
  );
  const span = last.start_ts - first.start_ts;
  const result = commonResult(chain);
  const what = first.function ?? NAMELESS[first.kind];
  const did = triedText(first, owner === undefined ? '' : ` of ${owner.label}`);
  const confidence = confidenceOf(view, chain);
  return {
    severity: confidence === 'suspect' ? 'warn' : 'error',
    confidence,
    summary: `${what} ${did} ${chain.length} times in a row in ${duration(span)}${resultText(result, chain.length)}: the program stands still and the worker never ends.`,
    from: first.evicted_ts ?? first.start_ts,
    to: last.start_ts,
    objects: [
      ...(owner?.refs ?? []),
      { kind: first.kind, id: first.id, label: `first attempt (${what})` },
      { kind: last.kind, id: last.id, label: 'last attempt' },
    ],
    details: known([
      detail.count('attempts', chain.length),
      detail.duration('span', span),
      first.evicted_ts === null ? undefined : detail.time('queues evicted', first.evicted_ts),
      result === undefined ? undefined : detail.errno('returned most', result.ret),
      first.tid === null ? undefined : detail.count('worker', first.tid),
      first.mm === null ? undefined : detail.address('mm', first.mm),
    ]),
    evidence: evidence(
      first.evicted_event,
      ...chain
        .slice(0, EVIDENCE_ATTEMPTS)
        .flatMap((attempt) => [attempt.start_event, attempt.end_event]),
      last.start_event,
      last.end_event,
    ),
    next: nextSteps(result?.ret),
    identity: [what, owner?.comm ?? '', String(result?.ret ?? '')],
    key: keyOf(first, owner),
  };
}

const NAMELESS = { range_fault: 'A worker', restore_attempt: 'The driver' } as const;

function keyOf(first: Attempt, owner: Actor | undefined): FindingDraft['key'] {
  return {
    ...(owner === undefined ? {} : { pid: owner.pid }),
    ...(first.tid === null ? {} : { tid: first.tid }),
    ...(first.mm === null ? {} : { mm: hex(first.mm) }),
  };
}

function triedText(first: Attempt, whose: string): string {
  if (first.kind === 'restore_attempt') return `failed to restore the queues${whose}`;
  const where =
    first.range_start === null || first.range_end === null
      ? ''
      : ` of ${range(first.range_start, first.range_end)}`;
  return `failed the same range fault${where}${whose}`;
}

interface Result {
  readonly ret: number;
  readonly count: number;
}

function resultText(result: Result | undefined, attempts: number): string {
  if (result === undefined) return '';
  return `, ${result.count === attempts ? 'always' : 'mostly'} with ${errno(result.ret)}`;
}

function commonResult(chain: readonly Attempt[]): Result | undefined {
  const counts = new Map<number, number>();
  for (const { ret } of chain) if (ret !== null) counts.set(ret, (counts.get(ret) ?? 0) + 1);
  const [top] = [...counts].sort((a, b) => b[1] - a[1]);
  return top === undefined ? undefined : { ret: top[0], count: top[1] };
}

function confidenceOf(view: View, chain: readonly Attempt[]): Confidence {
  if (chain.some((attempt) => mayBeMissing(view, attempt.lossy))) return 'suspect';
  // an attempt of which nothing was seen inside may have worked
  if (chain.some((attempt) => attempt.worked === null)) return 'suspect';
  return chain[0]?.kind === 'restore_attempt' ? 'proven' : 'likely';
}

function nextSteps(ret: number | undefined): string[] {
  const cause = {
    [EFAULT]:
      'Nothing is mapped there any more: find the munmap of memory that is still registered with the device.',
    [EBUSY]:
      'The range is invalidated faster than it is faulted in: see who does (hmm-retry-storm).',
    [EAGAIN]:
      'The range is invalidated faster than it is faulted in: see who does (hmm-retry-storm).',
  }[ret ?? 0];
  return [
    cause ?? 'Probe hmm_range_fault and its return: the error tells why it cannot be restored.',
    'Look whether memory is swapped out or migrated back each time, and whether memory is short.',
    'The retry of the worker has no limit: report it, and let the driver give up with an error to the program.',
  ];
}
