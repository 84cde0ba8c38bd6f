/**
 * Peer-to-peer mappings of a dma-buf: they reach into the memory of another device, so they must end
 * before it goes away, sleeps or moves the buffer. And buffers that were refused to be mapped or pinned
 * so: the importer falls back to system memory, or fails.
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { bufferMaps, driverRemovals } from './shared/device-needs.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { actor, capital, duration, errno, hex } from './shared/wording.ts';

/** dma_buf_move_notify asks the importer to unmap; until its jobs are done it may take a moment. */
const GRACE: Threshold = {
  name: 'grace',
  unit: 'ns',
  default: 100e6,
  doc: 'A mapping that lives so long after its exporter moved the buffer or went away is reported.',
};
const FINDINGS_PER_CAUSE = 16;

export const p2pOutlivesExporter: Detector = {
  meta: {
    id: 'p2p-outlives-exporter',
    number: 'D21',
    title: 'Mapping of a shared buffer kept after it moved, or refused',
    description:
      'An importer kept its mapping of a dma-buf after the exporter moved the buffer, was unplugged or suspended: with peer-to-peer it then reads and writes memory that is another’s or nobody’s. Or the exporter refused to pin or to map the buffer, and the importer works on a copy in system memory or not at all.',
    severity: 'error',
    needs: [bufferMaps],
    uses: [driverRemovals],
    traps: [
      'Without peer-to-peer a mapping reaches system memory, which outlives the exporter.',
      'Importers may keep cached mappings by design where the exporter pinned the buffer.',
      'A mapping whose end is not probed looks as if it lived on.',
    ],
    thresholds: [GRACE],
    references: [
      'drivers/dma-buf/dma-buf.c: dma_buf_map_attachment, dma_buf_pin, dma_buf_move_notify',
      'drivers/gpu/drm/amd/amdgpu/amdgpu_dma_buf.c: amdgpu_dma_buf_attach, amdgpu_dma_buf_pin',
      'https://docs.kernel.org/driver-api/pci/p2pdma.html',
    ],
  },

  cannotDecide(view) {
    return view.clock.unit === 'ns' ? undefined : 'the clock counts no time';
  },

  *detect(view) {
    const kept = view.observed('dmabuf.unmap') ? [...afterTheEnd(view), ...afterMoves(view)] : [];
    yield* atMost(FINDINGS_PER_CAUSE, [...kept, ...refusals(view)]);
  },
};

interface Mapping {
  readonly attachment_id: number;
  readonly buffer: Word | null;
  readonly tid: number;
  readonly process_id: number | null;
  readonly peer2peer: number | null;
  readonly map_event: number | null;
  readonly unmap_ts: number | null;
  readonly unmap_event: number | null;
  readonly at_ts: number;
  readonly at_event: number;
  readonly what: string;
  readonly lossy: number | null;
}

const MAPPING = `a.id AS attachment_id, coalesce(b.pointer, b.inode) AS buffer, a.tid, a.process_id,
  a.peer2peer, a.map_event, a.unmap_ts, a.unmap_event, a.lossy`;

/** Peer-to-peer mappings alive when the exporting device was unplugged, removed or suspended. */
function* afterTheEnd(view: View): Iterable<FindingDraft> {
  const mappings = view.all<Mapping>(
    `SELECT ${MAPPING}, d.end_ts AS at_ts, d.end_event AS at_event, 'was unplugged' AS what
       FROM dma_buf_attachment a JOIN dma_buf b ON b.id = a.dma_buf_id JOIN device d ON d.id = b.device_id
      WHERE a.peer2peer = 1 AND a.map_ts < d.end_ts AND coalesce(a.unmap_ts, ?) - d.end_ts >= ?
        AND coalesce(a.end_ts, ?) - d.end_ts >= ?
     UNION ALL
     SELECT ${MAPPING}, e.start_ts, e.start_event, CASE e.what WHEN 'suspend' THEN 'was suspended' ELSE 'was removed' END
       FROM dma_buf_attachment a JOIN dma_buf b ON b.id = a.dma_buf_id
       JOIN device_event e ON e.driver = b.exporter AND e.what IN ('remove', 'suspend')
      WHERE a.peer2peer = 1 AND a.map_ts < e.start_ts AND coalesce(a.unmap_ts, ?) - e.start_ts >= ?
        AND coalesce(a.end_ts, ?) - e.start_ts >= ?
      ORDER BY at_ts`,
    ...Array.from({ length: 4 }, () => [view.end, view.limit(GRACE)]).flat(),
  );
  for (const mapping of mappings) yield keptFinding(view, mapping, 'error');
}

/** Mappings that were asked to end and did not. */
function* afterMoves(view: View): Iterable<FindingDraft> {
  const mappings = view.all<Mapping>(
    `SELECT ${MAPPING}, a.move_ts AS at_ts, a.move_event AS at_event, 'moved the buffer' AS what
       FROM dma_buf_attachment a LEFT JOIN dma_buf b ON b.id = a.dma_buf_id
      WHERE a.move_ts IS NOT NULL AND coalesce(a.unmap_ts, a.end_ts, ?) - a.move_ts >= ?
      ORDER BY a.move_ts`,
    view.end,
    view.limit(GRACE),
  );
  for (const mapping of mappings) {
    yield keptFinding(view, mapping, mapping.peer2peer === 1 ? 'error' : 'warn');
  }
}

function keptFinding(view: View, mapping: Mapping, severity: Severity): FindingDraft {
  const user = actor(view, mapping.tid, mapping.process_id);
  const end = mapping.unmap_ts ?? view.end;
  const isLossy = mayBeMissing(view, mapping.lossy) || view.perTask;
  const name = bufferName(mapping.buffer);
  const how = mapping.peer2peer === 1 ? 'a peer-to-peer mapping' : 'its mapping';
  return {
    severity,
    confidence: isLossy || mapping.unmap_ts === null ? 'suspect' : 'likely',
    summary: `${user.label} kept ${how} of ${name} ${duration(end - mapping.at_ts)} after its exporter ${mapping.what}.`,
    from: mapping.at_ts,
    to: end,
    objects: [
      { kind: 'dma_buf_attachment', id: mapping.attachment_id, label: `attachment to ${name}` },
      ...user.refs,
    ],
    details: [
      detail.duration('kept', end - mapping.at_ts),
      detail.text('peer-to-peer', mapping.peer2peer === 1 ? 'yes' : 'not known'),
      detail.text('ended', mapping.unmap_ts === null ? 'not while it was recorded' : 'by an unmap'),
    ],
    evidence: evidence(mapping.map_event, mapping.at_event, mapping.unmap_event),
    next: [
      'See what the move_notify callback of the importer does: it must unmap, or map again, before the next job.',
      'See whether jobs of the importer ran on the buffer meanwhile (job, fence): they reached memory that had moved.',
    ],
    identity: [mapping.what, mapping.peer2peer === 1 ? 'p2p' : ''],
    key: { what: 'mapping kept', dmabuf: hex(mapping.buffer ?? 0), pid: user.pid },
  };
}

interface Refusal {
  readonly id: number;
  readonly what: string;
  readonly ret: number;
  readonly buffer: Word | null;
  readonly tid: number | null;
  readonly process_id: number | null;
  readonly times: number;
  readonly from_ts: number;
  readonly to_ts: number;
  readonly first_event: number;
  readonly last_event: number;
  /** A later mapping of the same attachment that worked without peer-to-peer. */
  readonly fallback_event: number | null;
}

/** -EINTR and -ERESTARTSYS say nothing about the buffer. */
function* refusals(view: View): Iterable<FindingDraft> {
  const refused = view.all<Refusal>(
    `SELECT min(c.id) AS id, c.what, c.ret, coalesce(b.pointer, b.inode) AS buffer, min(c.tid) AS tid,
            min(c.process_id) AS process_id, count(*) AS times, min(c.start_ts) AS from_ts,
            max(coalesce(c.end_ts, c.start_ts)) AS to_ts, min(c.start_event) AS first_event,
            max(coalesce(c.end_event, c.start_event)) AS last_event,
            (SELECT min(l.end_event) FROM dma_buf_call l JOIN dma_buf_attachment a ON a.id = l.attachment_id
              WHERE l.dma_buf_id = c.dma_buf_id AND l.what = 'map' AND l.ret = 0
                AND l.start_ts > max(c.start_ts) AND coalesce(a.peer2peer, 0) = 0) AS fallback_event
       FROM dma_buf_call c LEFT JOIN dma_buf b ON b.id = c.dma_buf_id
      WHERE c.what IN ('pin', 'map') AND c.ret < 0 AND c.ret NOT IN (-4, -512)
      GROUP BY c.dma_buf_id, c.what, c.ret ORDER BY from_ts`,
  );
  for (const refusal of refused) {
    const user = actor(view, refusal.tid ?? 0, refusal.process_id);
    const name = bufferName(refusal.buffer);
    const fellBack = refusal.fallback_event !== null;
    yield {
      severity: 'warn',
      confidence: 'proven',
      summary: `${capital(name)} was refused to be ${refusal.what === 'pin' ? 'pinned' : 'mapped'} by its exporter with ${errno(refusal.ret)}${refusal.times > 1 ? ` ${refusal.times} times` : ''} for ${user.label}${fellBack ? ', which then mapped it in system memory' : ''}.`,
      from: refusal.from_ts,
      to: refusal.to_ts,
      objects: user.refs,
      details: known([
        detail.errno('answer', refusal.ret),
        detail.count('times', refusal.times),
        fellBack ? detail.text('afterwards', 'mapped without peer-to-peer') : undefined,
      ]),
      evidence: evidence(refusal.first_event, refusal.last_event, refusal.fallback_event),
      next: [
        'See whether peer-to-peer is possible between the two devices at all (pci_p2pdma_distance, CONFIG_PCI_P2PDMA, a common root port, ACS).',
        'See whether the kernel has CONFIG_DMABUF_MOVE_NOTIFY: without it importers pin when they map, and buffers in video memory move to system memory.',
      ],
      identity: ['refused', refusal.what, String(refusal.ret)],
      key: {
        what: refusal.what === 'pin' ? 'pin refused' : 'mapping refused',
        dmabuf: hex(refusal.buffer ?? 0),
        pid: user.pid,
      },
    };
  }
}

function bufferName(buffer: Word | null): string {
  return buffer === null ? 'a dma-buf' : `dma-buf ${hex(buffer)}`;
}
