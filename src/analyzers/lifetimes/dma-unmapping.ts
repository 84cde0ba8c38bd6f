import type { Moment, OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { AddressIndex } from './address-index.ts';
import {
  address,
  counter,
  moment,
  ordinal,
  reference,
  span,
  text,
  thread,
  yesNo,
} from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveProcess, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';
import { Retirement } from './retirement.ts';

export const dmaUnmappingTable: Table = {
  name: 'dma_unmapping',
  doc: 'Bus addresses (IOVA) that were unmapped and that a device asked for afterwards; all other mappings are not kept.',
  columns: [
    text('source', "'iommu' (iommu:map and unmap, which name no device) or 'dma' (the DMA API)."),
    text('dev', 'Device they were unmapped for; NULL = not told.'),
    address('range_start', 'First address of the unmapping.'),
    address('range_end', 'Address after the last.'),
    thread('tid', 'Thread that unmapped them.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    yesNo(
      'ambiguous',
      '1 = the same addresses were mapped twice at a time: in several domains, and nothing says which.',
    ),
    counter('faults', 'Faults at these addresses after it, until they were mapped again.'),
    text('fault_dev', 'Device that faulted.'),
    address('fault_address', 'Address of the first fault.'),
    moment('first_fault_ts', 'First fault, relative ns.'),
    ordinal('first_fault_event', 'That event.'),
    moment('last_fault_ts', 'Last fault, relative ns.'),
    ordinal('last_fault_event', 'That event.'),
    ...span('mapped', 'unmapped'),
  ],
};

/** What devices still ask for after it was unmapped. */
export const dmaUnmapping: Lifetime = {
  kind: 'dma-unmapping',
  tables: [dmaUnmappingTable],
  track: (context) => new DmaUnmappingTracker(context),
};

/** A device that has stopped by then asks for nothing any more. */
const KEEP_NS = 60e9;
const KEEP_MOST = 65_536;

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly dev: string | undefined;
  readonly mapped: Mark;
}

interface Unmapping {
  readonly start: number;
  readonly end: number;
  readonly dev: string | undefined;
  readonly mapped: Mark | undefined;
  readonly unmapped: Mark;
  readonly tid: number;
  readonly process: LiveProcess | undefined;
  faults: number;
  faultDev: string | undefined;
  address: number;
  first: Mark | undefined;
  last: Mark | undefined;
}

class DmaUnmappingTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'iommu.map': (map) => this.#map(map),
    'iommu.unmap': (unmap) => this.#unmap(unmap),
    'iommu.fault': (fault) => {
      if (fault.pasid === undefined && fault.request === undefined) {
        this.#fault(fault.address, fault.device, fault);
      }
    },
    'log.record': (record) => {
      if (record.class !== 'iommu-fault' || record.pasid !== undefined) return;
      this.#fault(record.address, record.device, record);
    },
  };
  readonly #context: LifetimeContext;
  readonly #mapped = new AddressIndex<Mapping>();
  readonly #unmapped = new AddressIndex<Unmapping>();
  readonly #retired = new Retirement<Unmapping>(KEEP_NS, KEEP_MOST, (old) => this.#letGo(old));
  /** Addresses were mapped twice at a time: there are several domains, which events do not name. */
  #severalDomains = false;

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    this.#retired.empty();
  }

  #map(map: OccurrenceOf<'iommu.map'>): void {
    const range = exact(map.start, map.bytes);
    if (range === undefined) return;
    for (const older of this.#mapped.at(range.start)) {
      if (older.dev !== map.dev) continue;
      if (map.dev === undefined) this.#severalDomains = true;
      // of one device it was unmapped unseen
      else this.#mapped.delete(older);
    }
    this.#mapped.add({ start: range.start, end: range.end, dev: map.dev, mapped: markOf(map) });
  }

  #unmap(unmap: OccurrenceOf<'iommu.unmap'>): void {
    const range = exact(unmap.start, unmap.bytes);
    if (range === undefined) return;
    const mapped = this.#closeAll(range.start, range.end, unmap.dev);
    const unmapping: Unmapping = {
      start: range.start,
      end: range.end,
      dev: unmap.dev,
      mapped,
      unmapped: markOf(unmap),
      tid: unmap.tid,
      process: this.#context.live.processOf(unmap.tid),
      faults: 0,
      faultDev: undefined,
      address: range.start,
      first: undefined,
      last: undefined,
    };
    this.#unmapped.add(unmapping);
    this.#retired.add(unmapping, unmap.ts);
  }

  /** One unmapping may end many mappings, or a part of one. Gives when the first of them was mapped. */
  #closeAll(start: number, end: number, dev: string | undefined): Mark | undefined {
    let first: Mark | undefined;
    for (let at = start; at < end; ) {
      const mapping = this.#mapped.at(at).findLast((one) => one.dev === dev);
      if (mapping === undefined) break;
      first ??= mapping.mapped;
      this.#mapped.delete(mapping);
      if (mapping.start < at) this.#mapped.add({ ...mapping, end: at });
      if (mapping.end > end) this.#mapped.add({ ...mapping, start: end });
      at = mapping.end;
    }
    return first;
  }

  #fault(at: Word | undefined, device: string | undefined, fault: Moment): void {
    if (typeof at !== 'number') return;
    const isOf = ({ dev }: { readonly dev: string | undefined }): boolean =>
      dev === undefined || device === undefined || isSameDevice(dev, device);
    // mapped, or mapped again: it is another access that was refused
    if (this.#mapped.at(at).some(isOf)) return;
    const found = this.#unmapped
      .at(at)
      .filter(isOf)
      .toSorted((a, b) => rank(b) - rank(a))[0];
    if (found === undefined) return;
    found.faults += 1;
    found.faultDev ??= device;
    if (found.first === undefined) {
      found.first = markOf(fault);
      found.address = at;
    }
    found.last = markOf(fault);
  }

  #letGo(old: Unmapping): void {
    this.#unmapped.delete(old);
    if (old.first === undefined) return;
    this.#context.emit(dmaUnmappingTable, {
      id: this.#context.nextId(dmaUnmappingTable),
      source: old.dev === undefined ? 'iommu' : 'dma',
      dev: old.dev ?? null,
      range_start: old.start,
      range_end: old.end,
      tid: old.tid,
      process_id: old.process?.id ?? null,
      ambiguous: Number(old.dev === undefined && this.#severalDomains),
      faults: old.faults,
      fault_dev: old.faultDev ?? null,
      fault_address: old.address,
      first_fault_ts: old.first.ts,
      first_fault_event: old.first.event,
      last_fault_ts: old.last?.ts ?? null,
      last_fault_event: old.last?.event ?? null,
      ...lived(this.#context, old.mapped, old.unmapped),
      // what counts is what was lost between the unmapping and the fault: it may have been mapped again
      lossy: Number(this.#context.lossBetween(old.unmapped.ts, old.first.ts)),
    });
  }
}

/** Unmappings that name the device first, then the last one. */
function rank({ dev, unmapped }: Unmapping): number {
  return (dev === undefined ? 0 : Number.MAX_SAFE_INTEGER / 2) + unmapped.event;
}

/** The log leaves out the domain 0000 in places. */
function isSameDevice(a: string, b: string): boolean {
  return a === b || a.endsWith(`:${b}`) || b.endsWith(`:${a}`);
}

function exact(start: Word, bytes: Word): { start: number; end: number } | undefined {
  const end = Number(start) + Number(bytes);
  if (typeof start !== 'number' || !Number.isSafeInteger(end) || end <= start) return undefined;
  return { start, end };
}
