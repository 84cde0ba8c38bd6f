/**
 * A device that asks for bus addresses after they were unmapped (drivers/iommu/iommu.c, iommu_unmap;
 * kernel/dma/mapping.c): it was not stopped before its memory was taken away.
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { dmaUnmaps, toldIommuFaults } from './shared/needs.ts';
import { RESET_AFTERMATH, resetBefore } from './shared/reset-aftermath.ts';
import { actor, duration, hex, range } from './shared/wording.ts';

const AFTERMATH: Threshold = { ...RESET_AFTERMATH };
const FINDINGS_PER_DEVICE = 16;

export const dmaAfterUnmap: Detector = {
  meta: {
    id: 'dma-after-unmap',
    number: 'D35',
    title: 'DMA to addresses that were unmapped',
    description:
      'The IOMMU refused a request, without PASID, for bus addresses that had been mapped and were unmapped before: the device still worked on a buffer the driver had already given back. Without an IOMMU the same access would have reached memory that belongs to somebody else.',
    severity: 'error',
    needs: [dmaUnmaps, toldIommuFaults],
    uses: [],
    thresholds: [AFTERMATH],
    traps: [
      'Addresses are used again: a fault at one that is mapped at that moment is another matter, and left out.',
      'iommu:unmap names neither device nor domain: the addresses may have been those of another device, so that it is suspect, at most likely. The events of the DMA API (6.12) name the device.',
      'VT-d tells of faults in the kernel log alone, whose rate is limited.',
      'Faults right after a reset of the device are its consequence: info only.',
      'Requests with a PASID are another matter (post-exit-iommu-fault).',
    ],
    references: [
      'drivers/iommu/iommu.c: iommu_unmap; drivers/iommu/dma-iommu.c: __iommu_dma_unmap',
      'Documentation/core-api/dma-api.rst: a buffer belongs to the device until it is unmapped',
    ],
  },

  cannotDecide(view) {
    const [fault] = view.all("SELECT 1 FROM log_record WHERE class = 'iommu-fault' LIMIT 1");
    return fault === undefined && !view.observed('iommu.fault') && !view.observed('log.record')
      ? 'No fault of an IOMMU is in the log, and its events were not recorded.'
      : undefined;
  },

  *detect(view) {
    const rows = view.all<Unmapping>(
      'SELECT * FROM dma_unmapping WHERE faults > 0 ORDER BY first_fault_ts',
    );
    yield* atMost(
      FINDINGS_PER_DEVICE,
      rows.map((row) => unmappingFinding(view, row)).filter((one) => one !== undefined),
    );
  },
};

interface Unmapping {
  readonly id: number;
  readonly source: 'iommu' | 'dma';
  readonly dev: string | null;
  readonly range_start: number;
  readonly range_end: number;
  readonly tid: number;
  readonly process_id: number | null;
  readonly ambiguous: number;
  readonly faults: number;
  readonly fault_dev: string | null;
  readonly fault_address: number;
  readonly first_fault_ts: number;
  readonly first_fault_event: number;
  readonly last_fault_ts: number;
  readonly last_fault_event: number;
  readonly start_ts: number | null;
  readonly start_event: number | null;
  readonly end_ts: number;
  readonly end_event: number;
  readonly lossy: number;
}

function unmappingFinding(view: View, row: Unmapping): FindingDraft | undefined {
  // clocks that do not tell which came first tell of no order
  const after = row.first_fault_ts - row.end_ts;
  if (after <= view.clockError(row.end_event, row.first_fault_event)) return undefined;
  const dev = row.dev ?? row.fault_dev;
  const who = actor(view, row.tid, row.process_id);
  const of = { driver: null, dev };
  const reset = resetBefore(view, row.first_fault_ts, of, view.limit(AFTERMATH));
  const confidence = confidenceOf(view, row);
  const long = view.clock.unit === 'ns' ? `${duration(after)} before` : 'before';
  const many = row.faults > 1 ? `, the first of ${row.faults} faults there` : '';
  return {
    severity: severityOf(row, confidence, reset !== undefined),
    confidence,
    summary: `${dev ?? 'A device'} asked for bus address ${hex(row.fault_address)}${many}, in ${range(row.range_start, row.range_end)}, which ${who.label} had unmapped ${long}${reset ? `; its device was reset before (${reset.what})` : ''}.`,
    from: row.end_ts,
    to: row.last_fault_ts,
    objects: [
      {
        kind: 'dma_unmapping',
        id: row.id,
        label: `unmapping of ${range(row.range_start, row.range_end)}`,
      },
      ...who.refs,
    ],
    details: known([
      detail.text('unmapped', range(row.range_start, row.range_end)),
      detail.text('unmapped by', who.label),
      row.dev === null ? undefined : detail.text('unmapped for', row.dev),
      row.start_ts === null || view.clock.unit !== 'ns'
        ? undefined
        : detail.duration('had been mapped', row.end_ts - row.start_ts),
      view.clock.unit === 'ns' ? detail.duration('unmapped before the fault', after) : undefined,
      detail.count('faults', row.faults),
      row.ambiguous === 1
        ? detail.text(
            'whose',
            'several domains use these addresses, and the events do not name one',
          )
        : undefined,
    ]),
    evidence: evidence(row.end_event, reset?.event, row.first_fault_event, row.last_fault_event),
    next: [
      'See that the driver waits for the device (its fences, or a stopped queue) before it unmaps the pages.',
      'Compare the unmapping thread with the owner of the job: an eviction, a notifier or an exit unmaps on behalf of others.',
      ...(row.source === 'iommu'
        ? ['Record dma:dma_unmap_* (6.12 and later), which name the device of an unmapping.']
        : []),
    ],
    identity: [dev?.replaceAll(/\d+/g, 'N') ?? '', row.source, confidence],
    key: {
      what: 'dma after unmap',
      start: hex(row.range_start),
      end: hex(row.range_end),
      ...(dev === null ? {} : { dev }),
    },
  };
}

function severityOf(row: Unmapping, confidence: Confidence, reset: boolean): Severity {
  if (reset) return 'info';
  return confidence === 'suspect' && row.dev === null ? 'warn' : 'error';
}

function confidenceOf(view: View, row: Unmapping): Confidence {
  if (row.lossy === 1 || row.ambiguous === 1 || view.perTask) return 'suspect';
  const named = row.dev !== null && row.fault_dev !== null;
  if (named) return row.start_ts === null ? 'likely' : 'proven';
  return row.start_ts === null ? 'suspect' : 'likely';
}
