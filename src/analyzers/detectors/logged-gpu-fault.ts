/**
 * Page faults of a GPU that its driver reports in the kernel log: it could not serve them, and the work
 * that made them is lost. Faults that follow from a reset are told with it (job-timeout-reset).
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { type LogRow, logRef, logRows, processName } from './shared/log-incidents.ts';
import { kernelLog } from './shared/needs.ts';
import { duration, hex } from './shared/wording.ts';

const GAP: Threshold = {
  name: 'gap',
  unit: 'ns',
  default: 10e9,
  doc: 'Faults of one process further apart are two findings.',
};
const FINDINGS_PER_DEVICE = 16;
const ROWS_SHOWN = 8;
/** No threshold: what drivers print addresses in. */
const PAGE = 4096n;

export const loggedGpuFault: Detector = {
  meta: {
    id: 'logged-gpu-fault',
    number: 'D34',
    title: 'GPU page fault in the kernel log',
    description:
      'A driver reported page faults that it could not serve: the device reached memory that was not mapped for it, or not for this access. The work that did so is lost, and often the queue or the whole device is reset next.',
    severity: 'error',
    needs: [kernelLog],
    uses: [],
    thresholds: [GAP],
    traps: [
      'Faults after a reset or kill of the device are consequences and left out here.',
      'One bad access gives many lines, and rate limiting hides most of them: their number says little.',
      'Faults without a process may be of one that has exited, or of a driver that never names it.',
      'xe reports faults at debug level: a log without them does not say that there were none.',
    ],
    references: [
      'drivers/gpu/drm/amd/amdgpu/gmc_v9_0.c: gmc_v9_0_process_interrupt',
      'drivers/gpu/drm/xe/xe_gt_pagefault.c: print_pagefault',
      'drivers/gpu/drm/nouveau/nvkm/engine/fifo: nvkm_fifo fault',
    ],
  },

  *detect(view) {
    const rows = logRows(view, ['gpu-page-fault', 'cat-error']).filter(
      ({ consequence_of }) => consequence_of === null,
    );
    const told = toldElsewhere(view);
    const own = rows.filter(({ events }) => !told.has(events[0] ?? 0));
    const groups = groupsOf(own, view.limit(GAP));
    const owners = ownersByPasid(rows);
    yield* atMost(
      FINDINGS_PER_DEVICE,
      groups.map((group) => faultFinding(view, group, earlierOwner(group, owners))),
    );
  },
};

/** First events of faults whose process was seen to have died before: post-exit-gpu-fault tells those. */
function toldElsewhere(view: View): Set<number> {
  const rows = view.all<{ start_event: number }>(
    `SELECT d.start_event FROM device_fault d JOIN process p ON p.id = d.process_id
      WHERE d.source = 'log' AND p.end_ts <= d.start_ts`,
  );
  return new Set(rows.map((row) => row.start_event));
}

/** Of one device, process or PASID or queue, no further apart than the gap. */
function groupsOf(rows: readonly LogRow[], gapNs: number): LogRow[][] {
  const open = new Map<string, LogRow[]>();
  const groups: LogRow[][] = [];
  for (const row of rows) {
    const key = `${row.boot} ${row.source} ${row.device} ${row.pid} ${row.pasid} ${row.asid} ${row.queue}`;
    const group = open.get(key);
    if (group && row.start_ts - (group.at(-1) as LogRow).end_ts <= gapNs) {
      group.push(row);
      continue;
    }
    const begun = [row];
    open.set(key, begun);
    groups.push(begun);
  }
  return groups;
}

/** By boot, device and PASID: faults that name their process. */
function ownersByPasid(rows: readonly LogRow[]): Map<string, LogRow[]> {
  const owners = new Map<string, LogRow[]>();
  for (const row of rows) {
    if (row.pid === null || row.pid === 0) continue;
    const list = owners.get(pasidOf(row));
    if (list) list.push(row);
    else owners.set(pasidOf(row), [row]);
  }
  return owners;
}

function pasidOf({ boot, device, pasid }: LogRow): string {
  return `${boot} ${device} ${pasid}`;
}

/** The process an earlier fault of the same PASID named, where the driver has forgotten it since. */
function earlierOwner(
  [first]: readonly LogRow[],
  owners: ReadonlyMap<string, LogRow[]>,
): LogRow | undefined {
  if (first?.pid !== 0 || first.pasid === null || first.pasid === 0) return undefined;
  return owners.get(pasidOf(first))?.findLast((row) => row.end_ts <= first.start_ts);
}

function faultFinding(
  view: View,
  rows: readonly LogRow[],
  before: LogRow | undefined,
): FindingDraft {
  const first = rows[0] as LogRow;
  const last = rows.at(-1) as LogRow;
  const faults = rows.reduce((sum, row) => sum + row.count, 0);
  const pages = new Set(
    rows.flatMap(({ address }) => (address === null ? [] : [BigInt(address) / PAGE])),
  );
  const missing = rows.every((row) => row.body_missing === 1);
  return {
    severity: 'error',
    confidence: confidenceOf(rows),
    summary: `${who(first)} had ${faults === 1 ? 'a GPU page fault' : `${faults} GPU page faults`}${where(rows, pages.size)} on ${first.device ?? first.source}${spanText(view, first, last)}${ownerText(first, before)}${missing ? '; record body missing: a filter such as grep removed it' : ''}.`,
    from: first.start_ts,
    to: last.end_ts,
    objects: rows.slice(0, ROWS_SHOWN).map(logRef),
    details: known([
      detail.count('faults', faults),
      pages.size > 0 ? detail.count('distinct pages', pages.size) : undefined,
      first.address === null ? undefined : detail.address('first address', first.address),
      ...texts('access', rows, (row) => row.access),
      ...texts('engine', rows, (row) => row.engine),
      ...texts('reason', rows, (row) => row.meaning),
      first.pasid === null ? undefined : detail.text('PASID', String(first.pasid)),
      first.asid === null ? undefined : detail.text('ASID', String(first.asid)),
      first.queue === null ? undefined : detail.text('queue', String(first.queue)),
      ...texts('note', rows, (row) => row.hint),
    ]),
    evidence: evidence(...rows.slice(0, ROWS_SHOWN).flatMap((row) => row.events)),
    next: [
      missing
        ? 'Take the log without a filter that works line by line: journalctl -k -o cat, dmesg.'
        : 'See what became of that address: unmapped, moved or never mapped (record munmap, mmu_notifier and the driver’s mapping events beside the log).',
      'See whether the process had ended before it: give svm-trace a recording with sched:sched_process_exit beside the log.',
    ],
    identity: ['log', first.source, first.class, first.comm ?? '', first.engine ?? ''],
    key: {
      what: 'log',
      ...(first.device === null ? {} : { device: first.device }),
      ...(first.pid === null || first.pid === 0 ? {} : { pid: first.pid }),
      ...(first.pasid === null ? {} : { pasid: first.pasid }),
    },
  };
}

/** The driver says so itself; what its lines do not show is not claimed. */
function confidenceOf(rows: readonly LogRow[]): Confidence {
  return rows.every((row) => row.body_missing === 1) ? 'likely' : 'proven';
}

function who(row: LogRow): string {
  const name = processName(row);
  if (name !== undefined) return name;
  if (row.pasid !== null) return row.pasid === 0 ? 'The kernel (PASID 0)' : `PASID ${row.pasid}`;
  if (row.asid !== null) return `Address space ${row.asid}`;
  return row.queue === null ? 'The device' : `Queue ${row.queue}`;
}

function where(rows: readonly LogRow[], pages: number): string {
  const [first] = rows;
  if (pages === 0 || first?.address == null) return '';
  return pages === 1
    ? ` at ${hex(first.address)}`
    : ` in ${pages} pages, first at ${hex(first.address)},`;
}

function spanText(view: View, first: LogRow, last: LogRow): string {
  const span = last.end_ts - first.start_ts;
  return first === last || view.clock.unit !== 'ns' ? '' : ` within ${duration(span)}`;
}

/** pid 0: the driver has no process for the PASID any more, or never had. */
function ownerText(first: LogRow, before: LogRow | undefined): string {
  if (first.pid !== 0 || first.pasid === 0) return '';
  return before === undefined
    ? '; the driver knew no process for it, which may have ended before'
    : `; the driver had forgotten its process, earlier ${processName(before)}, which has most likely ended before`;
}

function texts(
  label: string,
  rows: readonly LogRow[],
  value: (row: LogRow) => string | null,
): ReturnType<typeof detail.text>[] {
  const values = [...new Set(rows.map(value).filter((one) => one !== null))];
  return values.length === 0 ? [] : [detail.text(label, values.slice(0, 4).join(', '))];
}
