/**
 * Devices whose TLBs are invalidated all the time: each invalidation stops the caller until the device
 * answers, and the device begins to walk its page tables anew (xe_tlb_inval.c, amdgpu_gmc.c, cache.c).
 */
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence, known } from './shared/details.ts';
import { deviceFlushes, invalidations } from './shared/needs.ts';
import { actor, duration } from './shared/wording.ts';

const RATE: Threshold = {
  name: 'rate',
  unit: 'per second',
  default: 1000,
  doc: 'Invalidations of one device or PASID within a second.',
};
const WAIT_SHARE: Threshold = {
  name: 'wait-share',
  unit: 'share',
  default: 0.1,
  doc: 'Part of a second spent waiting for the device to answer them.',
};
/** A few long waits are stalls, not a storm. */
const WAITS: Threshold = {
  name: 'waits',
  unit: 'count',
  default: 100,
  doc: 'Invalidations within the second in which the waits reach that share.',
};
/** No threshold: the second of `rate`. */
const WINDOW_NS = 1e9;
const EVIDENCE_RUNS = 8;
const MAKERS_SHOWN = 3;

export const tlbStorm: Detector = {
  meta: {
    id: 'tlb-storm',
    number: 'D27',
    title: 'TLB invalidation storm',
    description:
      'The TLB of a device or of its IOMMU was invalidated a thousand times a second or more, or a tenth of the time went into waiting for the answers. Most often memory is unmapped in small pieces, each of which costs a round trip to the device. An invalidation the device does not answer at all is an error.',
    severity: 'error',
    needs: [deviceFlushes],
    uses: [invalidations],
    thresholds: [RATE, WAIT_SHARE, WAITS],
    traps: [
      "Flushes of the CPUs' own TLBs are part of any munmap and are not counted.",
      'The IOMMU invalidates for the DMA API all the time: only invalidations for a PASID count.',
      'An IOMMU tells of one invalidation once for its own TLB and once per device: the larger number counts.',
      'What amdgpu flushes on a ring, between jobs of different address spaces, stops no CPU: info only.',
      'A few long waits are no storm: they are stalls of their own.',
    ],
    references: [
      'drivers/gpu/drm/xe/xe_gt_tlb_invalidation.c, xe_tlb_inval.c (6.18)',
      'drivers/iommu/intel/cache.c: cache_tag_flush_range',
      'https://github.com/ROCm/rocm-systems/issues/7328 (eviction storm by the decay of an allocator)',
    ],
  },

  cannotDecide(view) {
    if (view.clock.unit !== 'ns') return 'The clock counts ticks of unknown length.';
    const [device] = view.all("SELECT 1 FROM tlb_flush WHERE source <> 'cpu' LIMIT 1");
    const [cpu] = view.all("SELECT 1 FROM tlb_flush WHERE source = 'cpu' LIMIT 1");
    return device === undefined && cpu !== undefined && !view.observed('tlb.sent')
      ? 'Only the flushes of the CPUs were recorded, not those of a device.'
      : undefined;
  },

  *detect(view) {
    for (const target of targetsOf(view)) {
      const worst = worstWindow(view, target.runs);
      if (worst) yield stormFinding(view, target, worst);
      if (target.runs.some((run) => run.timeouts > 0)) yield timeoutFinding(view, target);
    }
  },
};

interface Run {
  readonly id: number;
  readonly source: string;
  readonly dev: string | null;
  readonly pasid: number | null;
  readonly tid: number;
  readonly process_id: number | null;
  readonly flushes: number;
  readonly single_page: number;
  readonly whole: number;
  readonly pages: number;
  readonly wait_ns: number | null;
  readonly longest_ns: number | null;
  readonly timeouts: number;
  readonly invalidations: number;
  readonly start_ts: number;
  readonly end_ts: number;
  readonly start_event: number;
  readonly end_event: number;
}

/** What is invalidated: a device's TLB, or an IOMMU's for a PASID. */
interface Target {
  readonly name: string;
  readonly source: string;
  readonly pasid: number | null;
  readonly runs: readonly Run[];
}

interface Worst {
  readonly runs: readonly Run[];
  readonly flushes: number;
  readonly waitNs: number;
  readonly from: number;
}

function targetsOf(view: View): Target[] {
  const runs = view.all<Run>(
    "SELECT * FROM tlb_flush WHERE source <> 'cpu' AND start_ts IS NOT NULL ORDER BY start_ts, id",
  );
  const sources = new Map<string, Run[]>();
  for (const run of runs) {
    const name = `${run.source}|${run.pasid ?? run.dev ?? ''}`;
    const group = sources.get(name);
    if (group) group.push(run);
    else sources.set(name, [run]);
  }
  const targets = [...sources.values()].map((group): Target => {
    const [first] = group as [Run, ...Run[]];
    const { source, pasid, dev } = first;
    const place = pasid === null ? (dev ?? source) : `PASID ${pasid}`;
    return { name: place, source, pasid, runs: group };
  });
  return withoutRepeats(targets);
}

/** One invalidation by an IOMMU is told of for each of its caches, and again as it is queued. */
function withoutRepeats(targets: readonly Target[]): Target[] {
  const size = (target: Target) => target.runs.reduce((sum, run) => sum + run.flushes, 0);
  const isIommu = (target: Target) => target.source.startsWith('iommu');
  const named = targets.filter((target) => isIommu(target) && target.pasid !== null);
  const kept = targets.filter((target) => {
    if (!isIommu(target)) return true;
    if (target.pasid === null) return named.length === 0;
    const same = named.filter((one) => one.pasid === target.pasid);
    return same.every((one) => one === target || size(one) < size(target) || isBefore(target, one));
  });
  return kept;

  function isBefore(target: Target, other: Target): boolean {
    return size(other) === size(target) && targets.indexOf(target) < targets.indexOf(other);
  }
}

/** The second with most invalidations that is over one of the limits. */
function worstWindow(view: View, runs: readonly Run[]): Worst | undefined {
  let first = 0;
  let flushes = 0;
  let waitNs = 0;
  let worst: Worst | undefined;
  runs.forEach((run, index) => {
    flushes += run.flushes;
    waitNs += run.wait_ns ?? 0;
    while (run.start_ts - (runs[first]?.start_ts ?? run.start_ts) > WINDOW_NS) {
      flushes -= runs[first]?.flushes ?? 0;
      waitNs -= runs[first]?.wait_ns ?? 0;
      first += 1;
    }
    const over =
      flushes >= view.limit(RATE) ||
      (waitNs >= view.limit(WAIT_SHARE) * WINDOW_NS && flushes >= view.limit(WAITS));
    if (!over || (worst && worst.flushes >= flushes)) return;
    const from = runs[first]?.start_ts ?? run.start_ts;
    worst = { runs: runs.slice(first, index + 1), flushes, waitNs, from };
  });
  return worst;
}

function stormFinding(view: View, target: Target, worst: Worst): FindingDraft {
  const sum = (of: (run: Run) => number) => worst.runs.reduce((all, run) => all + of(run), 0);
  const single = sum((run) => run.single_page);
  const inside = sum((run) => run.invalidations);
  const makers = makersOf(view, worst.runs);
  const [maker] = makers;
  const last = worst.runs.at(-1) as Run;
  const waits = worst.waitNs > 0 ? `, ${duration(worst.waitNs)} of waiting for answers` : '';
  return {
    severity: isOnRing(target) ? 'info' : 'warn',
    confidence: 'proven',
    summary: `The TLB of ${target.name} (${target.source}) was invalidated ${worst.flushes} times within a second${waits}, most often by ${maker?.label ?? 'an unknown task'}${single > 0 ? `; ${single} of the invalidations were of one page` : ''}.`,
    from: worst.from,
    to: last.end_ts,
    objects: [
      ...(maker?.refs ?? []),
      { kind: 'tlb_flush', id: last.id, label: `TLB invalidations of ${target.name}` },
    ],
    details: known([
      detail.count('invalidations in that second', worst.flushes),
      detail.count(
        'invalidations in all',
        target.runs.reduce((all, run) => all + run.flushes, 0),
      ),
      detail.count('of one page', single),
      detail.count(
        'of the whole address space or of unknown size',
        sum((run) => run.whole),
      ),
      detail.count('inside an invalidation of the mm', inside),
      worst.waitNs > 0 ? detail.duration('waited', worst.waitNs) : undefined,
      ...makers.map(({ label, flushes }) => detail.count(`by ${label}`, flushes)),
    ]),
    evidence: evidence(
      ...worst.runs.slice(0, EVIDENCE_RUNS).flatMap((run) => [run.start_event, run.end_event]),
    ),
    next: [
      'Find what makes the task unmap or protect memory so often: an allocator that gives pages back (decay, trim), or userptr registered and unregistered per operation.',
      'Batch: one munmap or madvise of a large range costs one invalidation, one per page costs a round trip each.',
      'See invalidate-stall for how long the callers stood still meanwhile.',
    ],
    identity: [target.source, (maker?.comm ?? '').replaceAll(/\d+/g, 'N')],
    key: {
      what: 'storm',
      source: target.source,
      ...(maker ? { pid: maker.pid } : {}),
      ...(target.pasid === null ? {} : { pasid: target.pasid }),
    },
  };
}

/** amdgpu_vm_flush is a packet in the stream of a ring: no CPU waits for it. */
function isOnRing(target: Target): boolean {
  return target.source === 'amdgpu' && target.runs.every((run) => run.dev !== null);
}

function makersOf(view: View, runs: readonly Run[]) {
  const byLabel = new Map<string, ReturnType<typeof actor> & { flushes: number }>();
  for (const run of runs) {
    const who = actor(view, run.tid, run.process_id);
    const known = byLabel.get(who.label);
    if (known) known.flushes += run.flushes;
    else byLabel.set(who.label, { ...who, flushes: run.flushes });
  }
  return [...byLabel.values()].toSorted((a, b) => b.flushes - a.flushes).slice(0, MAKERS_SHOWN);
}

function timeoutFinding(view: View, target: Target): FindingDraft {
  const late = target.runs.filter((run) => run.timeouts > 0);
  const [first] = late as [Run, ...Run[]];
  const last = late.at(-1) ?? first;
  const count = late.reduce((sum, run) => sum + run.timeouts, 0);
  const longest = Math.max(...late.map((run) => run.longest_ns ?? 0));
  const who = actor(view, first.tid, first.process_id);
  return {
    severity: 'error',
    confidence: 'proven',
    summary: `${count} TLB invalidation${count === 1 ? '' : 's'} of ${target.name} (${target.source}) ${count === 1 ? 'was' : 'were'} not answered in time, the first made by ${who.label}: the device may go on using what was unmapped.`,
    from: first.start_ts,
    to: last.end_ts,
    objects: [
      ...who.refs,
      { kind: 'tlb_flush', id: first.id, label: `TLB invalidations of ${target.name}` },
    ],
    details: [detail.count('not answered', count), detail.duration('longest wait', longest)],
    evidence: evidence(first.start_event, first.end_event, last.end_event),
    next: [
      'Look for a reset or a hang of the device just before: its firmware answers nothing then.',
      'Look for `TLB invalidation` and `GuC` lines in the kernel log.',
    ],
    identity: [target.source, 'timeout'],
    key: { what: 'timeout', source: target.source },
  };
}
