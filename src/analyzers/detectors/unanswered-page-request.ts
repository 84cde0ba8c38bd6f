/**
 * Page requests of devices that nobody answers, that are answered with an error, or that overflow the
 * queue of the IOMMU (drivers/iommu/intel/prq.c, drivers/iommu/io-pgfault.c).
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, ObjectRef } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { iommuFaults, pageResponses, pasidOwners } from './shared/needs.ts';
import { actor, duration, hex } from './shared/wording.ts';

/** A fault that has to read a page from a disk takes tens of milliseconds. */
const UNANSWERED: Threshold = {
  name: 'unanswered',
  unit: 'ns',
  default: 1e9,
  doc: 'A request that is not answered within this time is called unanswered.',
};
const EVIDENCE_REQUESTS = 8;

/** Codes of a page group response (VT-d specification 7.7), and 2 of enum iommu_page_response_code. */
const ANSWERS: Readonly<Record<number, string>> = { 1: 'invalid', 2: 'failure', 15: 'failure' };

export const unansweredPageRequest: Detector = {
  meta: {
    id: 'unanswered-page-request',
    number: 'D30',
    title: 'Page requests unanswered, refused or overflowing',
    description:
      'A device asked the IOMMU for a page and stands still until it is answered. No answer means that its work hangs; the answers "invalid" and "failure" mean that it reached for memory its process does not have; an overflow of the queue means that requests were thrown away and the device has to ask again.',
    severity: 'error',
    needs: [{ oneOf: ['iommu.fault', 'log.record'], enable: iommuFaults.enable }],
    uses: [pageResponses, pasidOwners],
    thresholds: [UNANSWERED],
    traps: [
      'Only the last request of a group is answered.',
      'The answer may be recorded a moment before the request: the request is handed on first.',
      'When a PASID is unbound or its process dies, what is pending is drained by the hardware, without an answer that could be recorded.',
      'A request recorded shortly before the end may be answered after it.',
      'Requests the IOMMU counted and the recorder lost make the answers that are missing worthless as proof.',
    ],
    references: [
      'drivers/iommu/intel/prq.c: prq_event_thread, handle_bad_prq_event, intel_iommu_drain_pasid_prq',
      'drivers/iommu/io-pgfault.c: iommu_report_device_fault, iopf_group_response',
    ],
  },

  cannotDecide(view) {
    const [overflow] = overflows(view);
    if (overflow !== undefined) return undefined;
    if (view.observed('iommu.fault') && view.observed('page.response')) return undefined;
    return 'Page requests can only be followed where requests and answers are recorded: intel_iommu:prq_report and intel_iommu:qi_submit.';
  },

  *detect(view) {
    yield* overflowFindings(view);
    const requests = view.all<Request>(REQUESTS);
    yield* unanswered(view, requests);
    yield* refused(view, requests);
  },
};

interface Request {
  readonly id: number;
  readonly iommu: string;
  readonly dev: string | null;
  readonly rid: number | null;
  readonly pasid: number | null;
  readonly address: Word | null;
  readonly requests: number;
  readonly process_id: number | null;
  readonly pid: number | null;
  readonly comm: string | null;
  readonly due_ts: number | null;
  readonly due_event: number | null;
  readonly code: number | null;
  readonly superseded: number;
  readonly gap: number;
  readonly start_ts: number | null;
  readonly end_ts: number | null;
  readonly start_event: number | null;
  readonly end_event: number | null;
  readonly lossy: number | null;
  /** The memory the PASID stood for went away. */
  readonly gone_ts: number | null;
}

const REQUESTS = `
  SELECT r.*, coalesce(p.merged_into, r.process_id) AS process_id, p.pid, p.comm,
         (SELECT min(t) FROM (
            SELECT p.end_ts AS t
            UNION ALL SELECT coalesce(a.release_ts, a.end_ts) FROM address_space a
              WHERE a.process_id = r.process_id AND coalesce(a.end_reason, 'exit') <> 'exec'
                AND coalesce(a.release_ts, a.end_ts) >= r.start_ts
            UNION ALL SELECT b.end_ts FROM pasid b
              WHERE b.pasid = r.pasid AND b.driver = 'iommu' AND b.end_ts >= r.start_ts)
          WHERE t IS NOT NULL) AS gone_ts
    FROM page_request r LEFT JOIN process p ON p.id = r.process_id
   ORDER BY coalesce(r.start_ts, r.end_ts), r.id`;

function* unanswered(view: View, requests: readonly Request[]): Iterable<FindingDraft> {
  if (view.clock.unit !== 'ns' || !view.observed('page.response')) return;
  const limit = view.limit(UNANSWERED);
  const open = requests.filter(
    ({ due_ts: due, end_ts: end, superseded, gone_ts: gone }) =>
      due !== null &&
      end === null &&
      superseded === 0 &&
      view.end - due >= limit &&
      !(gone !== null && gone - due < limit),
  );
  const answeredBy = new Set(requests.filter((one) => one.code !== null).map((one) => one.iommu));
  for (const [first, ...rest] of groups(open)) {
    const all = [first, ...rest];
    const age = view.end - (first.due_ts ?? view.end);
    yield {
      severity: 'error',
      confidence: doubt(view, all, answeredBy.has(first.iommu) ? 'likely' : 'suspect'),
      summary: `${countText(all)} of ${askerText(first)} ${all.length === 1 ? 'was' : 'were'} not answered until the recording ended, the first for ${duration(age)}: the device stands still.`,
      from: first.start_ts ?? 0,
      to: view.end,
      ...commonParts(view, all),
      next: [
        'See what the fault handler waits for: mmap_lock of the process, a page read from disk, reclaim (stack of the iopf worker).',
        'Look for `Invalid page request` and `PRQ overflow` of that IOMMU in the kernel log.',
      ],
      identity: ['unanswered', first.comm ?? ''],
      key: { what: 'unanswered', ...keyOf(first) },
    };
  }
}

/** Refusals while the process lives; those after its death are another matter (post-exit-iommu-fault). */
function* refused(view: View, requests: readonly Request[]): Iterable<FindingDraft> {
  const bad = requests.filter(
    ({ code, end_ts: end, gone_ts: gone }) =>
      code !== null && code !== 0 && !(gone !== null && end !== null && gone <= end),
  );
  for (const [first, ...rest] of groups(bad)) {
    const all = [first, ...rest];
    const answers = [...new Set(all.map(({ code }) => ANSWERS[code ?? -1] ?? `code ${code}`))];
    const bare = all.filter((one) => one.requests === 0).length;
    yield {
      severity: 'warn',
      confidence: 'proven',
      summary: `${countText(all)} of ${askerText(first)} ${all.length === 1 ? 'was' : 'were'} answered ${answers.join(' and ')}${bare > 0 ? `, ${bare} of them unseen because the IOMMU refuses malformed ones itself` : ''}: the device asked for memory it may not have.`,
      from: first.start_ts ?? first.end_ts ?? 0,
      to: all.at(-1)?.end_ts ?? view.end,
      ...commonParts(view, all),
      next: [
        'Compare the addresses with the mappings of the process: an unmapped or read-only range, or a pointer that was never valid.',
        'Check that the work that uses the memory is over before it is unmapped (unmap-under-job).',
      ],
      identity: ['refused', first.comm ?? '', ...answers],
      key: { what: 'refused', ...keyOf(first) },
    };
  }
}

interface Overflow {
  readonly id: number;
  readonly engine: string | null;
  readonly count: number;
  readonly start_ts: number;
  readonly end_ts: number | null;
  readonly start_event: number;
}

function overflows(view: View): Overflow[] {
  return view.all<Overflow>(
    `SELECT id, engine, count, start_ts, end_ts, start_event FROM log_record
      WHERE class = 'page-request-error' AND meaning LIKE 'PRQ overflow detected%'
      ORDER BY start_ts`,
  );
}

function* overflowFindings(view: View): Iterable<FindingDraft> {
  const byIommu = new Map<string, Overflow[]>();
  for (const one of overflows(view)) {
    const name = one.engine ?? 'an IOMMU';
    byIommu.set(name, [...(byIommu.get(name) ?? []), one]);
  }
  for (const [iommu, all] of byIommu) {
    const [first] = all as [Overflow, ...Overflow[]];
    const times = all.reduce((sum, one) => sum + one.count, 0);
    yield {
      severity: 'error',
      confidence: 'proven',
      summary: `The page request queue of ${iommu} overflowed${times > 1 ? ` at least ${times} times` : ''}: requests were thrown away, and the devices behind it wait until they ask again.`,
      from: first.start_ts,
      to: all.at(-1)?.end_ts ?? first.start_ts,
      objects: all
        .slice(0, EVIDENCE_REQUESTS)
        .map(({ id }): ObjectRef => ({ kind: 'log_record', id, label: `overflow of ${iommu}` })),
      details: [detail.count('overflows logged', times), detail.text('IOMMU', iommu)],
      evidence: evidence(...all.slice(0, EVIDENCE_REQUESTS).map((one) => one.start_event)),
      next: [
        'Record intel_iommu:prq_report and qi_submit to see which device asks for so many pages at once.',
        'Let the device touch its memory in smaller steps, or fault it in before (MAP_POPULATE, madvise).',
      ],
      identity: ['overflow'],
      key: { what: 'overflow' },
    };
  }
}

/** Of one device and PASID. */
function groups(requests: readonly Request[]): [Request, ...Request[]][] {
  const groups = new Map<string, [Request, ...Request[]]>();
  for (const request of requests) {
    const name = `${request.iommu}|${request.rid}|${request.pasid}|${request.process_id}`;
    const group = groups.get(name);
    if (group) group.push(request);
    else groups.set(name, [request]);
  }
  return [...groups.values()];
}

function countText(all: readonly Request[]): string {
  return all.length === 1 ? 'A page request' : `${all.length} page requests`;
}

function askerText(request: Request): string {
  const asker = request.dev ?? (request.rid === null ? 'a device' : `device ${hex(request.rid)}`);
  const pasid = request.pasid === null ? '' : ` with PASID ${request.pasid}`;
  const owner = request.pid === null ? '' : ` (${request.comm ?? 'process'}, pid ${request.pid})`;
  return `${asker}${pasid}${owner}`;
}

function keyOf(request: Request): Readonly<Record<string, string | number>> {
  return {
    ...(request.pid === null ? {} : { pid: request.pid }),
    ...(request.pasid === null ? {} : { pasid: request.pasid }),
    ...(request.dev === null ? {} : { dev: request.dev }),
  };
}

function doubt(view: View, all: readonly Request[], otherwise: Confidence): Confidence {
  const missing = all.some((one) => one.gap > 0 || mayBeMissing(view, one.lossy));
  return missing ? 'suspect' : otherwise;
}

function commonParts(view: View, all: readonly Request[]) {
  const [first] = all as readonly [Request, ...Request[]];
  const shown = all.slice(0, EVIDENCE_REQUESTS);
  const owner = first.process_id === null ? [] : actor(view, first.pid ?? 0, first.process_id).refs;
  return {
    objects: [
      ...owner,
      ...shown.map(
        (one): ObjectRef => ({
          kind: 'page_request',
          id: one.id,
          label: `page request${one.address === null ? '' : ` at ${hex(one.address)}`}`,
        }),
      ),
    ],
    details: known([
      detail.count('groups of requests', all.length),
      detail.text('IOMMU', first.iommu),
      first.address === null ? undefined : detail.address('first address', first.address),
      detail.count(
        'requests lost before them',
        all.reduce((sum, one) => sum + one.gap, 0),
      ),
    ]),
    evidence: evidence(...shown.flatMap((one) => [one.start_event, one.due_event, one.end_event])),
  };
}
