/**
 * A driver that faults the same range again and again because it is invalidated faster than it can
 * be mapped: mmu_interval_read_begin, hmm_range_fault, mmu_interval_read_retry, from the start
 * (Documentation/mm/hmm.rst, "Address space mirroring").
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import {
  driverFunctions,
  invalidations,
  notifierBirths,
  rangeFaults,
  readBegins,
} from './shared/needs.ts';
import {
  aggressor,
  aggressorStep,
  type Episode,
  episodeKey,
  episodeRange,
  processOf,
} from './shared/range-fault.ts';
import { actor, duration, reasonName, ticks } from './shared/wording.ts';

const ATTEMPTS: Threshold = {
  name: 'attempts',
  unit: 'count',
  default: 5,
  doc: 'So many attempts within `window` are a storm.',
};
const WINDOW: Threshold = {
  name: 'window',
  unit: 'ns',
  default: 100e6,
  doc: 'The time they are made in.',
};
const ERROR_ATTEMPTS: Threshold = {
  name: 'error-attempts',
  unit: 'count',
  default: 50,
  doc: 'So many attempts of one fault are an error.',
};
const ERROR_SPAN: Threshold = {
  name: 'error-span',
  unit: 'ns',
  default: 1e9,
  doc: 'A storm this long is an error.',
};
const PROVEN_BUSY: Threshold = {
  name: 'proven-busy',
  unit: 'count',
  default: 5,
  doc: 'A storm in which hmm_range_fault itself said -EBUSY so often is proven: no inference about the inline read_retry is needed.',
};
const FINDINGS_PER_CAUSE = 50;
const EVIDENCE_ATTEMPTS = 3;
const OTHER_STORMS_SHOWN = 8;

export const hmmRetryStorm: Detector = {
  meta: {
    id: 'hmm-retry-storm',
    number: 'D1',
    title: 'HMM fault retried in a storm',
    description:
      'A driver faults one range of an address space over and over because invalidations of that range come faster than the driver can map it. The device thread stands still and a CPU is burned. 5 attempts within 100 ms are a warning, 50 attempts or a second are an error.',
    severity: 'error',
    needs: [
      {
        oneOf: [...rangeFaults.oneOf, ...readBegins.oneOf],
        enable: [...rangeFaults.enable, ...readBegins.enable],
      },
    ],
    uses: [rangeFaults, readBegins, invalidations, notifierBirths, driverFunctions],
    thresholds: [ATTEMPTS, WINDOW, ERROR_ATTEMPTS, ERROR_SPAN, PROVEN_BUSY],
    traps: [
      'mmu_interval_read_retry is inline: a failed one shows only as another attempt with another sequence number.',
      'Without a probe on the driver function around it, consecutive faults of one range look like one chain.',
      'A fault that breaks copy-on-write invalidates its own range once and wins the next time: no storm.',
    ],
    references: [
      'mm/hmm.c: hmm_range_fault',
      'include/linux/mmu_notifier.h: mmu_interval_read_retry',
      'https://github.com/ROCm/legacy-rocm-build/issues/6678',
      'https://github.com/amd/xdna-driver/issues/1517',
      'dri-devel 2019-12-18, i915 SVM RFC v2 05/12: the retry loop and its 1 s limit',
    ],
  },

  *detect(view) {
    const storms = view
      .all<Episode>(
        'SELECT * FROM range_fault WHERE attempts >= ? AND start_ts IS NOT NULL ORDER BY start_ts',
        view.limit(ATTEMPTS),
      )
      .map((episode) => ({ episode, span: (episode.end_ts ?? view.end) - episode.start_ts }))
      .filter(({ episode, span }) => isStorm(view, episode, span));
    const long = storms.filter((storm) => severityOf(view, storm) === 'error');
    const short = storms.filter((storm) => severityOf(view, storm) !== 'error');
    yield* atMost(
      FINDINGS_PER_CAUSE,
      long.map((storm) => stormFinding(view, storm, [])),
    );
    for (const [worst, ...others] of byRange(short)) {
      if (worst !== undefined) yield stormFinding(view, worst, others);
    }
  },
};

interface Storm {
  readonly episode: Episode;
  readonly span: number;
}

/** Short storms of one thread on one range are one finding: the worst of each comes first. */
function byRange(storms: readonly Storm[]): Storm[][] {
  const groups = new Map<string, Storm[]>();
  for (const storm of storms) {
    const { tid, mni, range_start, range_end } = storm.episode;
    const range = [tid, mni, range_start, range_end].join();
    const group = groups.get(range);
    if (group === undefined) groups.set(range, [storm]);
    else group.push(storm);
  }
  return [...groups.values()].map((group) =>
    group.sort((a, b) => b.episode.attempts - a.episode.attempts),
  );
}

function isStorm(view: View, episode: Episode, span: number): boolean {
  if (episode.attempts >= view.limit(ERROR_ATTEMPTS)) return true;
  if (view.clock.unit !== 'ns') return false;
  const dense = episode.attempts / view.limit(ATTEMPTS) >= span / view.limit(WINDOW);
  return dense || span >= view.limit(ERROR_SPAN);
}

function stormFinding(view: View, storm: Storm, others: readonly Storm[]): FindingDraft {
  const { episode, span } = storm;
  const timed = view.clock.unit === 'ns';
  const who = actor(view, episode.tid, processOf(view, episode.tid, episode.start_ts));
  const owner = actor(view, episode.tid, episode.process_id);
  const where = episodeRange(episode);
  const whose = owner.pid === who.pid ? '' : ` of ${owner.label}`;
  const by = aggressor(view, episode);
  return {
    severity: severityOf(view, storm),
    confidence: confidenceOf(view, episode),
    summary: `${who.label} faulted ${where}${whose} ${episode.attempts} times in ${timed ? duration(span) : ticks(span)}${endText(episode)}${others.length > 0 ? `, the worst of ${others.length + 1} such storms` : ''}; ${by}.`,
    from: episode.start_ts,
    to: episode.end_ts ?? view.end,
    objects: [
      { kind: 'range_fault', id: episode.id, label: `range fault ${where}` },
      ...new Map([...who.refs, ...owner.refs].map((ref) => [ref.id, ref])).values(),
    ],
    details: known([
      detail.count('attempts', episode.attempts),
      others.length > 0 ? detail.count('storms on this range', others.length + 1) : undefined,
      detail.count('returned -EBUSY', episode.busy ?? 0),
      timed ? detail.duration('span', span) : detail.text('span', ticks(span)),
      detail.count('invalidations of the range meanwhile', episode.colliding ?? 0),
      detail.count('caused by the fault itself', episode.self_inflicted ?? 0),
      episode.mni === null ? undefined : detail.address('mmu_interval_notifier', episode.mni),
      episode.mm === null ? undefined : detail.address('mm', episode.mm),
    ]),
    evidence: evidence(
      episode.start_event,
      episode.first_colliding_event,
      ...attemptEvents(view, episode.id),
      episode.end_event,
      ...others.slice(0, OTHER_STORMS_SHOWN).map((other) => other.episode.start_event),
    ),
    next: [
      aggressorStep(view, episode),
      'Fault a smaller range per attempt, or narrow the notifier to what the device really uses.',
      'Look at the size of the range and at THP, NUMA balancing and KSM for it; mlock keeps reclaim out.',
    ],
    identity: [
      who.comm.replaceAll(/\d+/g, 'N'),
      episode.wrapper ?? '',
      reasonName(episode.top_actor_reason),
    ],
    key: episodeKey(episode, owner.pid),
  };
}

function severityOf(view: View, { episode, span }: Storm): Severity {
  if (view.clock.unit !== 'ns') return 'warn';
  if (episode.attempts >= view.limit(ERROR_ATTEMPTS)) return 'error';
  return span >= view.limit(ERROR_SPAN) ? 'error' : 'warn';
}

function confidenceOf(view: View, episode: Episode): Confidence {
  if (view.clock.unit !== 'ns' || episode.lossy === 1 || episode.outcome === 'open') {
    return 'suspect';
  }
  return (episode.busy ?? 0) >= view.limit(PROVEN_BUSY) ? 'proven' : 'likely';
}

function endText(episode: Episode): string {
  switch (episode.outcome) {
    case 'busy':
      return ' and ended with -EBUSY';
    case 'open':
      return ' and was still trying when the recording ended';
    case 'error':
      return ` and ended with ${episode.last_ret}`;
    default:
      return '';
  }
}

/** The first attempts and the last one: enough to see the sequence number move. */
function attemptEvents(view: View, id: number): number[] {
  const rows = view.all<{
    read_begin_event: number | null;
    fault_event: number | null;
    return_event: number | null;
  }>(
    `SELECT read_begin_event, fault_event, return_event FROM range_fault_attempt
      WHERE range_fault_id = ? AND (n <= ${EVIDENCE_ATTEMPTS} OR n = (
        SELECT max(n) FROM range_fault_attempt WHERE range_fault_id = ?))
      ORDER BY n`,
    id,
    id,
  );
  return evidence(
    ...rows.flatMap((row) => [row.read_begin_event, row.fault_event, row.return_event]),
  );
}
