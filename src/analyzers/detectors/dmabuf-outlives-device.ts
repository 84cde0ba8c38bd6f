/**
 * dma-bufs that outlive the device that exported them. An importer keeps its attachment and its mappings
 * after the exporter is unplugged; what it reads and writes then goes to pages nobody shows, or nowhere.
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { bufferBirths, bufferUses, unplugs } from './shared/device-needs.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { actor, duration, hex } from './shared/wording.ts';

/** Importers hear of the unplug through user space: they get a moment to let go. */
const GRACE: Threshold = {
  name: 'grace',
  unit: 'ns',
  default: 1e9,
  doc: 'An attachment that lives so long after its exporter was unplugged is reported.',
};
const FINDINGS_PER_DEVICE = 16;

export const dmabufOutlivesDevice: Detector = {
  meta: {
    id: 'dmabuf-outlives-device',
    number: 'D19',
    title: 'dma-buf used after its exporter was unplugged',
    description:
      'A dma-buf was still attached to an importer, or accessed by it, after the device that exported it was unplugged. The importer does not learn that nobody will ever show or fill the buffer; waits for its fences may block until they expire.',
    severity: 'error',
    needs: [unplugs, bufferBirths, bufferUses],
    uses: [],
    traps: [
      'Which device exported a buffer is taken from the ioctl it happened in.',
      'A buffer exported before the recording has no known exporter.',
      'Pages of system memory outlive their device, so that accesses succeed and nothing looks wrong.',
      'A file descriptor in flight between processes holds the buffer without any attachment.',
    ],
    thresholds: [GRACE],
    references: [
      'drivers/dma-buf/dma-buf.c: dma_buf_detach, dma_buf_begin_cpu_access, dma_buf_release',
      'drivers/gpu/drm/drm_prime.c: drm_gem_prime_export',
      'https://docs.kernel.org/gpu/drm-uapi.html#device-hot-unplug',
    ],
  },

  cannotDecide(view) {
    return view.clock.unit === 'ns' ? undefined : 'the clock counts no time';
  },

  *detect(view) {
    const buffers = orphanedBuffers(view);
    yield* atMost(
      FINDINGS_PER_DEVICE,
      buffers.flatMap((buffer) => bufferFinding(view, buffer) ?? []),
    );
  },
};

interface OrphanedBuffer {
  readonly id: number;
  readonly pointer: Word | null;
  readonly inode: Word | null;
  readonly driver: string | null;
  readonly device_id: number;
  readonly device: Word;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly start_event: number | null;
  readonly end_ts: number | null;
  readonly unplug_ts: number;
  readonly unplug_event: number;
  readonly lossy: number | null;
}

function orphanedBuffers(view: View): OrphanedBuffer[] {
  return view.all<OrphanedBuffer>(
    `SELECT b.id, b.pointer, b.inode, d.driver, d.id AS device_id, d.pointer AS device, b.owner_tid, b.owner_process_id,
            b.start_event, b.end_ts, d.end_ts AS unplug_ts, d.end_event AS unplug_event, b.lossy
       FROM dma_buf b JOIN device d ON d.id = b.device_id
      WHERE d.end_ts IS NOT NULL AND b.start_ts < d.end_ts
        AND (b.end_ts IS NULL OR b.end_ts > d.end_ts)
      ORDER BY b.id`,
  );
}

interface Importer {
  readonly tid: number;
  readonly process_id: number | null;
  readonly start_event: number | null;
  readonly end_ts: number | null;
  readonly end_event: number | null;
}

interface Accesses {
  readonly count: number;
  readonly succeeded: number;
  readonly tid: number | null;
  readonly process_id: number | null;
  readonly first_event: number | null;
  readonly last_event: number | null;
  readonly last_ts: number | null;
  readonly longest_ns: number | null;
}

/** Attachments from before the unplug that were not let go of within the grace. */
function importersOf(view: View, buffer: OrphanedBuffer): Importer[] {
  const until = buffer.unplug_ts + view.limit(GRACE);
  return view.all<Importer>(
    `SELECT tid, process_id, start_event, end_ts, end_event FROM dma_buf_attachment
      WHERE dma_buf_id = ? AND coalesce(start_ts, 0) < ? AND coalesce(end_ts, ?) >= ? ORDER BY id`,
    buffer.id,
    buffer.unplug_ts,
    view.end,
    until,
  );
}

function accessesOf(view: View, buffer: OrphanedBuffer): Accesses {
  const [accesses] = view.all<Accesses>(
    `SELECT count(*) AS count, count(*) FILTER (WHERE ret = 0) AS succeeded, min(tid) AS tid,
            min(process_id) AS process_id, min(start_event) AS first_event,
            max(coalesce(end_event, start_event)) AS last_event,
            max(coalesce(end_ts, start_ts)) AS last_ts, max(end_ts - start_ts) AS longest_ns
       FROM dma_buf_call WHERE dma_buf_id = ? AND what IN ('access', 'map') AND start_ts > ?`,
    buffer.id,
    buffer.unplug_ts,
  );
  if (accesses === undefined) throw new Error('a count without a row');
  return accesses;
}

function bufferFinding(view: View, buffer: OrphanedBuffer): FindingDraft | undefined {
  const importers = importersOf(view, buffer);
  const accesses = accessesOf(view, buffer);
  const [importer] = importers;
  if (importer === undefined && accesses.count === 0) return undefined;
  const user =
    accesses.tid === null
      ? actor(view, importer?.tid ?? 0, importer?.process_id ?? null)
      : actor(view, accesses.tid, accesses.process_id);
  const end = Math.max(
    accesses.last_ts ?? 0,
    ...importers.map(({ end_ts }) => end_ts ?? view.end),
    buffer.unplug_ts,
  );
  const name = `dma-buf ${hex(buffer.pointer ?? buffer.inode ?? 0)}`;
  const exporter = `device ${hex(buffer.device)}${buffer.driver === null ? '' : ` (${buffer.driver})`}`;
  return {
    severity: accesses.count > 0 ? 'error' : 'warn',
    confidence: confidenceOf(view, buffer),
    summary: `${name} of ${exporter} was ${useText(accesses, importers)} by ${user.label} up to ${duration(end - buffer.unplug_ts)} after the device was unplugged.`,
    from: buffer.unplug_ts,
    to: end,
    objects: [
      { kind: 'dma_buf', id: buffer.id, label: name },
      { kind: 'device', id: buffer.device_id, label: exporter },
      ...user.refs,
    ],
    details: known([
      detail.count('attachments that outlive the device', importers.length),
      detail.count('accesses after the unplug', accesses.count),
      detail.count('of which succeeded', accesses.succeeded),
      accesses.longest_ns === null
        ? undefined
        : detail.duration('longest access', accesses.longest_ns),
      detail.duration('longest use after the unplug', end - buffer.unplug_ts),
    ]),
    evidence: evidence(
      buffer.start_event,
      importer?.start_event,
      buffer.unplug_event,
      accesses.first_event,
      accesses.last_event,
      importer?.end_event,
    ),
    next: [
      'See whether the importer is told (udev, an error of its compositor) and lets go of the buffer.',
      'See where its accesses go: pages of system memory live on, memory of the device must be unmapped (dma_buf_move_notify, drm_dev_enter in the fault handler).',
      ...((accesses.longest_ns ?? 0) >= view.limit(GRACE)
        ? ['An access was blocked: see which fence of the buffer it waited for (fence_wait).']
        : []),
    ],
    identity: [buffer.driver ?? '', user.comm, accesses.count > 0 ? 'accessed' : 'attached'],
    key: {
      dmabuf: hex(buffer.pointer ?? buffer.inode ?? 0),
      dev: hex(buffer.device),
      pid: user.pid,
    },
  };
}

function useText(accesses: Accesses, importers: readonly Importer[]): string {
  if (accesses.count === 0) return 'kept attached';
  const count = `accessed ${accesses.count} time${accesses.count === 1 ? '' : 's'}`;
  return importers.length === 0 ? count : `kept attached and ${count}`;
}

function confidenceOf(view: View, buffer: OrphanedBuffer): Confidence {
  return mayBeMissing(view, buffer.lossy) || view.perTask ? 'suspect' : 'likely';
}
