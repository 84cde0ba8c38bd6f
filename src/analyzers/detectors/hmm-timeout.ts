/**
 * A fault that used up its retry budget: drivers give up after HMM_RANGE_DEFAULT_TIMEOUT (1000 ms,
 * include/linux/hmm.h) and return -EBUSY, so the device fault is lost or the ioctl fails.
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence, known } from './shared/details.ts';
import { driverFunctions, invalidations, rangeFaults, readBegins } from './shared/needs.ts';
import {
  aggressorStep,
  type Episode,
  episodeKey,
  episodeRange,
  limitsUsed,
} from './shared/range-fault.ts';
import { actor, duration } from './shared/wording.ts';

const CHAIN: Threshold = {
  name: 'chain',
  unit: 'ns',
  default: 950e6,
  doc: 'An unbroken chain of attempts this long was probably given up: 0.95 of HMM_RANGE_DEFAULT_TIMEOUT, which jiffies round.',
};
const EBUSY = -16;
const SLOW_SHARE: Threshold = {
  name: 'slow-share',
  unit: 'share',
  default: 0.5,
  doc: 'A fault of which one attempt took more than this share was slow, not contended.',
};

export const hmmTimeout: Detector = {
  meta: {
    id: 'hmm-timeout',
    number: 'D2',
    title: 'HMM fault timed out with -EBUSY',
    description:
      'A driver retried a range fault until its time limit and gave up. The device fault is not answered or the system call fails with -EBUSY. Proven when the driver function around the attempts returned -EBUSY; an unbroken chain of 0.95 s without such a probe is only likely, since a fault that succeeds after many retries looks the same.',
    severity: 'error',
    needs: [
      {
        oneOf: [...rangeFaults.oneOf, ...readBegins.oneOf],
        enable: [...rangeFaults.enable, ...readBegins.enable],
      },
    ],
    uses: [driverFunctions, rangeFaults, readBegins, invalidations],
    thresholds: [CHAIN, SLOW_SHARE],
    traps: [
      'Drivers have limits of their own (a fraction of a second, or scaled by the size of the range): a shorter chain may have timed out unseen.',
      'The last hmm_range_fault of a timed-out fault can return 0: the limit is tested before the next attempt.',
      'One long attempt (swap-in) can use up the limit alone.',
    ],
    references: [
      'include/linux/hmm.h: HMM_RANGE_DEFAULT_TIMEOUT',
      'drivers/gpu/drm/nouveau/nouveau_svm.c: nouveau_range_fault',
      'dri-devel 2019-12-18, i915 SVM RFC v2 05/12: i915_range_fault',
    ],
  },

  cannotDecide(view) {
    if (view.clock.unit === 'ns') return undefined;
    const [seen] = view.all('SELECT 1 FROM range_fault WHERE wrapper_ret IS NOT NULL LIMIT 1');
    return seen === undefined
      ? 'The clock counts ticks of unknown length and no driver function around hmm_range_fault was probed.'
      : undefined;
  },

  *detect(view) {
    const timed = view.clock.unit === 'ns';
    const episodes = view.all<Episode>(
      `SELECT * FROM range_fault
        WHERE start_ts IS NOT NULL AND (wrapper_ret = ?
          OR (wrapper IS NULL AND ? AND attempts > 1 AND coalesce(end_ts, ?) - start_ts >= ?))
        ORDER BY start_ts`,
      EBUSY,
      timed ? 1 : 0,
      view.end,
      view.limit(CHAIN),
    );
    for (const episode of episodes) yield timeoutFinding(view, episode);
  },
};

function timeoutFinding(view: View, episode: Episode): FindingDraft {
  const from = episode.wrapper_start_ts ?? episode.start_ts;
  const to = episode.wrapper_end_ts ?? episode.end_ts ?? view.end;
  const owner = actor(view, episode.tid, episode.process_id);
  const limits = view.clock.unit === 'ns' ? limitsUsed(view, episode) : undefined;
  const slow = (episode.longest_attempt_ns ?? 0) > view.limit(SLOW_SHARE) * (to - from);
  return {
    severity: 'error',
    confidence: confidenceOf(episode),
    summary: summaryOf(view, episode, owner.label, to - from, slow),
    from,
    to,
    objects: [
      { kind: 'range_fault', id: episode.id, label: `range fault ${episodeRange(episode)}` },
      ...owner.refs,
    ],
    details: known([
      detail.text('kind', slow ? 'one slow attempt' : 'contention'),
      detail.count('attempts', episode.attempts),
      detail.count('returned -EBUSY', episode.busy ?? 0),
      view.clock.unit === 'ns'
        ? detail.duration('longest attempt', episode.longest_attempt_ns ?? 0)
        : undefined,
      limits === undefined
        ? undefined
        : detail.count('times HMM_RANGE_DEFAULT_TIMEOUT (1 s)', limits),
      episode.wrapper === null ? undefined : detail.text('driver function', episode.wrapper),
      episode.wrapper_ret === null ? undefined : detail.errno('returned', episode.wrapper_ret),
      episode.mni === null ? undefined : detail.address('mmu_interval_notifier', episode.mni),
    ]),
    evidence: evidence(
      episode.wrapper_event,
      episode.start_event,
      episode.end_event,
      episode.wrapper_return_event,
    ),
    next: nextSteps(view, episode, slow),
    identity: [episode.wrapper ?? '', owner.comm, slow ? 'slow' : 'contended'],
    key: episodeKey(episode, owner.pid),
  };
}

function summaryOf(view: View, episode: Episode, owner: string, ns: number, slow: boolean): string {
  const where = episodeRange(episode);
  if (episode.wrapper_ret !== EBUSY) {
    return `Faulting ${where} of ${owner} took ${episode.attempts} attempts without a break over ${duration(ns)}, the usual limit being 1 s: it was probably given up with -EBUSY.`;
  }
  const long = view.clock.unit === 'ns' ? ` after ${duration(ns)}` : '';
  const most = slow ? ', most of it in one attempt' : '';
  return `${episode.wrapper} gave up on ${where} of ${owner} with -EBUSY${long} and ${episode.attempts} attempts${most}.`;
}

function confidenceOf(episode: Episode): Confidence {
  if (episode.lossy === 1) return episode.wrapper_ret === EBUSY ? 'likely' : 'suspect';
  if (episode.outcome === 'open' && episode.wrapper_ret === null) return 'suspect';
  return episode.wrapper_ret === EBUSY ? 'proven' : 'likely';
}

function nextSteps(view: View, episode: Episode, slow: boolean): readonly string[] {
  const first = slow
    ? 'Look at what the long attempt waited for: swap-in, a page lock, a migration or device memory coming back.'
    : aggressorStep(view, episode);
  const probe =
    episode.wrapper === null
      ? 'Probe the return of the driver function that calls hmm_range_fault: only its -EBUSY proves the timeout.'
      : `See what the caller of ${episode.wrapper} makes of -EBUSY: a lost device fault, a failed ioctl or another round.`;
  return [first, probe, 'Fault a smaller range per attempt, and see whether memory is short.'];
}
