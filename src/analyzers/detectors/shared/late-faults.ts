/** Device faults that came after the address space they were meant for had died. */
import type { Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import type { Detail, FindingDraft, ObjectRef } from '../../finding.ts';
import { detail, evidence, known } from './details.ts';
import { type DeviceFault, type FaultSource, faultsByOwner, isRefused } from './device-faults.ts';
import { type Reset, resetBefore } from './reset-aftermath.ts';
import { duration, errno, hex, ticks } from './wording.ts';

/** No mapping: says so only when the mm is known to be dead, a bad address gives the same. */
const EFAULT = -14;
const EVIDENCE_FAULTS = 8;

/** All late faults of one PASID and one dead owner. */
export interface LateFaults {
  readonly first: DeviceFault;
  readonly late: readonly DeviceFault[];
  /** Faults of the same PASID that were answered while the owner lived. */
  readonly served: readonly DeviceFault[];
  /** ± ns between the clocks that stamped the faults and the death; 0 = one clock. */
  readonly error: number;
  /** A reset of the device that came before the first of them. */
  readonly reset: Reset | undefined;
}

type Verdict = Pick<FindingDraft, 'severity' | 'confidence' | 'next'>;

/**
 * Faults after the death, as the detector judges them; and those so near to it that the clocks of two
 * inputs do not tell which came first.
 */
export function* lateFaultFindings(
  view: View,
  sources: readonly FaultSource[],
  aftermath: number,
  judge: (faults: LateFaults) => Verdict | undefined,
): Generator<FindingDraft> {
  for (const faults of faultsByOwner(view, sources)) {
    const placed = faults.map((fault) => ({ fault, place: placeOf(view, fault) }));
    const late = placed.filter(({ place }) => place.is === 'late');
    const unordered = placed.filter(({ place }) => place.is === 'unordered');
    const served = placed.filter(({ place }) => place.is === 'served').map(({ fault }) => fault);
    const error = Math.max(0, ...[...late, ...unordered].map(({ place }) => place.error));
    const [first] = late;
    if (first) {
      const { function: driver, dev, start_ts } = first.fault;
      const reset = resetBefore(view, start_ts, { driver, dev }, aftermath);
      const all = late.map(({ fault }) => fault);
      const found = { first: first.fault, late: all, served, error, reset };
      const verdict = judge(found);
      if (verdict) yield lateFaultFinding(view, found, verdict);
    } else if (unordered.length > 0) {
      yield unorderedFinding(
        unordered.map(({ fault }) => fault),
        error,
      );
    }
  }
}

/** Where a fault lies to the death of its owner. */
interface Place {
  readonly is: 'late' | 'served' | 'unordered' | 'neither';
  readonly error: number;
}

function placeOf(view: View, fault: DeviceFault): Place {
  const error = view.clockError(fault.start_event, fault.death_event);
  const after =
    fault.death_ts === null ? Number.NEGATIVE_INFINITY : fault.start_ts - fault.death_ts;
  if (isRefused(fault)) return { is: 'late', error };
  if (error > 0 && Math.abs(after) <= error) {
    // the times of inputs that nothing ties say nothing of each other
    return { is: Number.isFinite(error) ? 'unordered' : 'neither', error };
  }
  const isAnswered = fault.ret === 0 || fault.ret === null;
  if (after < 0) return { is: isAnswered ? 'served' : 'neither', error };
  return { is: fault.source === 'probe' && fault.ret !== EFAULT ? 'neither' : 'late', error };
}

/** Whether it came before or after the end is THE question: what cannot be answered is said so. */
function unorderedFinding(faults: readonly DeviceFault[], error: number): FindingDraft {
  const first = faults[0] as DeviceFault;
  const last = faults.at(-1) ?? first;
  const one = faults.length === 1;
  return {
    severity: 'warn',
    confidence: 'suspect',
    summary: `${countText(faults.length)} of ${pasidText(first)} ${one ? 'was' : 'were'} reported by ${functionText(first)} within ${duration(error)} of the end of ${ownerText(first)}, which is the error between the two clocks: whether before or after it cannot be ordered.`,
    from: Math.min(first.start_ts, first.death_ts ?? first.start_ts),
    to: Math.max(last.start_ts, first.death_ts ?? last.start_ts),
    objects: [...ownerRefs(first), ...faults.slice(0, EVIDENCE_FAULTS).map(faultRef)],
    details: known([
      detail.count('faults', faults.length),
      first.death_ts === null ? undefined : detail.time('address space died', first.death_ts),
      first.address === null ? undefined : detail.address('first address', first.address),
    ]),
    evidence: evidence(
      first.death_event,
      ...faults.slice(0, EVIDENCE_FAULTS).map((fault) => fault.start_event),
    ),
    next: [
      'Record the faults and the end of the process with one clock: printk:console and sched:sched_process_exit in one recording.',
    ],
    identity: ['unordered', functionText(first), first.comm ?? ''],
    key: keyOf(first),
  };
}

function lateFaultFinding(view: View, faults: LateFaults, verdict: Verdict): FindingDraft {
  const { first, late, served, error } = faults;
  const last = late.at(-1) ?? first;
  const { reset } = faults;
  return {
    ...verdict,
    summary: `${countText(late.length)} of ${pasidText(first)} ${late.length === 1 ? 'was' : 'were'} reported by ${functionText(first)} after ${goneText(first)}${delayText(view, first, error)}${answerText(late)}; ${servedText(first, served.length)}${reset ? `. The device had been reset ${duration(first.start_ts - reset.ts)} before (${reset.what}): a consequence` : ''}.`,
    from: first.start_ts,
    to: last.start_ts,
    objects: [...ownerRefs(first), ...late.slice(0, EVIDENCE_FAULTS).map(faultRef)],
    details: known([
      detail.count('faults after the death', late.length),
      detail.count(isLogged(first) ? 'faults before' : 'faults served before', served.length),
      first.death_ts === null ? undefined : detail.time('address space died', first.death_ts),
      first.files_closed_ts === null
        ? undefined
        : detail.time('files closed', first.files_closed_ts),
      first.unbound_ts === null ? undefined : detail.time('PASID unbound', first.unbound_ts),
      reset ? detail.time('device reset', reset.ts) : undefined,
      ...answers(late),
      first.address === null ? undefined : detail.address('first address', first.address),
      ...repeats(late),
      detail.count('pages asked for', new Set(late.map((fault) => fault.address)).size),
    ]),
    evidence: evidence(
      served.at(-1)?.start_event,
      reset?.event,
      first.death_event,
      ...late.slice(0, EVIDENCE_FAULTS).flatMap((fault) => [fault.start_event, fault.end_event]),
    ),
    identity: [first.function ?? 'the device', first.comm ?? ''],
    key: keyOf(first),
  };
}

function keyOf({ pid, pasid }: DeviceFault): FindingDraft['key'] {
  return { ...(pid === null ? {} : { pid }), ...(pasid === null ? {} : { pasid }) };
}

function functionText({ function: name, module }: DeviceFault): string {
  return `${name ?? 'the device'}${module === null ? '' : ` [${module}]`}`;
}

/** The log tells of faults that were not served. */
function isLogged({ source }: DeviceFault): boolean {
  return source === 'log' || source === 'iommu-log';
}

function servedText(first: DeviceFault, served: number): string {
  return isLogged(first) ? `${served} came before` : `${served} before were served`;
}

function countText(count: number): string {
  return count === 1 ? 'One page fault' : `${count} page faults`;
}

function pasidText(fault: DeviceFault): string {
  return fault.pasid === null ? 'a device' : `PASID ${fault.pasid}`;
}

function ownerText(fault: DeviceFault): string {
  return fault.pid === null ? 'the address space' : `the address space of ${nameText(fault)}`;
}

function goneText(fault: DeviceFault): string {
  if (fault.gone === 'gpu_vm') return `the GPU address space of ${nameText(fault)} was freed`;
  if (fault.gone === 'pasid') return `the PASID of ${nameText(fault)} was unbound`;
  return `${ownerText(fault)} was gone`;
}

function nameText(fault: DeviceFault): string {
  return fault.pid === null ? 'a process' : `${fault.comm ?? 'a process'} (pid ${fault.pid})`;
}

/** No threshold: it only adds a line. A fault that is dropped without an answer comes again (svm_range_restore_pages returns 0). */
const REPEATED = 10;

function repeats(late: readonly DeviceFault[]): Detail[] {
  const counts = new Map<Word, number>();
  for (const { address } of late) {
    if (address !== null) counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  const most = Math.max(0, ...counts.values());
  return most < REPEATED ? [] : [detail.count('faults on the same page, never resolved', most)];
}

function delayText(view: View, fault: DeviceFault, error: number): string {
  if (fault.death_ts === null) return '';
  const show = view.clock.unit === 'ns' ? duration : ticks;
  const within = error > 0 ? ` (± ${show(error)} between the clocks)` : '';
  return `, the first ${show(fault.start_ts - fault.death_ts)} later${within}`;
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
