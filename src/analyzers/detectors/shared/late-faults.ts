/** Device faults that came after the address space they were meant for had died. */
import type { Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import type { Detail, FindingDraft, ObjectRef } from '../../finding.ts';
import { detail, evidence, known } from './details.ts';
import { duration, errno, hex, ticks } from './wording.ts';

/** What a handler returns when mmget_not_zero failed: the mm is gone. */
const ESRCH = -3;
/** No mapping: says so only when the mm is known to be dead, a bad address gives the same. */
const EFAULT = -14;
const EVIDENCE_FAULTS = 8;

export type FaultSource = 'probe' | 'tracepoint' | 'iommu';

export interface DeviceFault {
  readonly id: number;
  readonly function: string | null;
  readonly module: string | null;
  readonly pasid: number | null;
  readonly address: Word | null;
  readonly ret: number | null;
  readonly source: FaultSource;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly end_event: number | null;
  readonly lossy: number | null;
  readonly process_id: number | null;
  readonly pid: number | null;
  readonly comm: string | null;
  readonly death_ts: number | null;
  readonly death_event: number | null;
  readonly files_closed_ts: number | null;
}

/** All late faults of one PASID and one dead owner. */
export interface LateFaults {
  readonly first: DeviceFault;
  readonly late: readonly DeviceFault[];
  /** Faults of the same PASID that were answered while the owner lived. */
  readonly served: readonly DeviceFault[];
}

export function lateFaults(view: View, sources: readonly FaultSource[]): LateFaults[] {
  const rows = view.all<DeviceFault>(
    `SELECT d.id, d.function, d.module, d.pasid, d.address, d.ret, d.source, d.start_ts,
            d.start_event, d.end_event, d.lossy,
            coalesce(p.merged_into, d.process_id) AS process_id, p.pid, p.comm, p.files_closed_ts,
            coalesce(a.release_ts, a.end_ts, p.end_ts) AS death_ts,
            coalesce(a.release_event, a.end_event, p.end_event) AS death_event
       FROM device_fault d
       LEFT JOIN address_space a ON a.id = d.address_space_id
       LEFT JOIN process p ON p.id = d.process_id
      WHERE d.start_ts IS NOT NULL AND d.source IN (${sources.map(() => '?').join()})
      ORDER BY d.start_ts`,
    ...sources,
  );
  const groups = new Map<string, DeviceFault[]>();
  for (const row of rows) {
    const group = `${row.pasid}|${row.process_id}|${row.function}`;
    const faults = groups.get(group);
    if (faults === undefined) groups.set(group, [row]);
    else faults.push(row);
  }
  return [...groups.values()].flatMap((faults) => {
    const late = faults.filter(isLate);
    const [first] = late;
    return first === undefined ? [] : [{ first, late, served: faults.filter(isServed) }];
  });
}

function isLate(fault: DeviceFault): boolean {
  const dead = fault.death_ts !== null && fault.death_ts <= fault.start_ts;
  if (fault.source === 'probe') {
    return fault.ret === ESRCH || (fault.ret === EFAULT && dead);
  }
  return dead;
}

function isServed(fault: DeviceFault): boolean {
  return (
    (fault.ret === 0 || fault.ret === null) &&
    (fault.death_ts === null || fault.death_ts > fault.start_ts)
  );
}

export function lateFaultFinding(
  view: View,
  faults: LateFaults,
  verdict: Pick<FindingDraft, 'severity' | 'confidence' | 'next'>,
): FindingDraft {
  const { first, late, served } = faults;
  const last = late.at(-1) ?? first;
  const function_ = first.function ?? 'the device';
  return {
    ...verdict,
    summary: `${countText(late.length)} of ${pasidText(first)} ${late.length === 1 ? 'was' : 'were'} reported by ${function_}${first.module === null ? '' : ` [${first.module}]`} after ${ownerText(first)} was gone${delayText(view, first)}${answerText(late)}; ${served.length} before were served.`,
    from: first.start_ts,
    to: last.start_ts,
    objects: [...ownerRefs(first), ...late.slice(0, EVIDENCE_FAULTS).map(faultRef)],
    details: known([
      detail.count('faults after the death', late.length),
      detail.count('faults served before', served.length),
      first.death_ts === null ? undefined : detail.time('address space died', first.death_ts),
      first.files_closed_ts === null
        ? undefined
        : detail.time('files closed', first.files_closed_ts),
      ...answers(late),
      first.address === null ? undefined : detail.address('first address', first.address),
      detail.count('pages asked for', new Set(late.map((fault) => fault.address)).size),
    ]),
    evidence: evidence(
      served.at(-1)?.start_event,
      first.death_event,
      ...late.slice(0, EVIDENCE_FAULTS).flatMap((fault) => [fault.start_event, fault.end_event]),
    ),
    identity: [function_, first.comm ?? ''],
    key: {
      ...(first.pid === null ? {} : { pid: first.pid }),
      ...(first.pasid === null ? {} : { pasid: first.pasid }),
    },
  };
}

function countText(count: number): string {
  return count === 1 ? 'One page fault' : `${count} page faults`;
}

function pasidText(fault: DeviceFault): string {
  return fault.pasid === null ? 'a device' : `PASID ${fault.pasid}`;
}

function ownerText(fault: DeviceFault): string {
  return fault.pid === null
    ? 'the address space'
    : `the address space of ${fault.comm ?? 'a process'} (pid ${fault.pid})`;
}

function delayText(view: View, fault: DeviceFault): string {
  if (fault.death_ts === null) return '';
  const after = fault.start_ts - fault.death_ts;
  return `, the first ${view.clock.unit === 'ns' ? duration(after) : ticks(after)} later`;
}

function answerText(late: readonly DeviceFault[]): string {
  const returned = returnValues(late);
  return returned.length === 0 ? '' : `, answered ${returned.map(errno).join(' and ')}`;
}

function answers(late: readonly DeviceFault[]): Detail[] {
  return returnValues(late).map((ret) => detail.errno('answer', ret));
}

function returnValues(late: readonly DeviceFault[]): number[] {
  return [...new Set(late.map((fault) => fault.ret).filter((ret) => ret !== null))];
}

function ownerRefs(fault: DeviceFault): ObjectRef[] {
  if (fault.process_id === null) return [];
  return [
    { kind: 'process', id: fault.process_id, label: `${fault.comm ?? ''} (pid ${fault.pid})` },
  ];
}

function faultRef(fault: DeviceFault): ObjectRef {
  const at = fault.address === null ? '' : ` at ${hex(fault.address)}`;
  return { kind: 'device_fault', id: fault.id, label: `fault of ${pasidText(fault)}${at}` };
}
