import { expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { p2pOutlivesExporter } from './p2p-outlives-exporter.ts';

const buffer: RowOf = { pointer: 0xbb, exporter: 'amdgpu', device_id: 1, start_ts: 0 };
const mapping: RowOf = {
  dma_buf_id: 1,
  tid: 60,
  process_id: 1,
  peer2peer: 1,
  map_ts: ms(10),
  map_event: 3,
  unmap_ts: ms(400),
  unmap_event: 9,
  start_ts: ms(5),
  end_ts: ms(500),
  lossy: 0,
};
const processes = [{ id: 1, pid: 60, comm: 'importer' }];
const unplugged: RowOf = { pointer: 0xaa, first_ts: 0, end_ts: ms(100), end_event: 6 };
const judge = (rows: Record<string, readonly RowOf[]>, more: object = {}) =>
  run(p2pOutlivesExporter, { rows: { process: processes, dma_buf: [buffer], ...rows }, ...more });

it('finds a mapping of the memory of a device that was unplugged', () => {
  const rows = { device: [unplugged], dma_buf_attachment: [mapping] };
  expect(judge(rows).findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'likely',
      summary:
        'importer (pid 60) kept a peer-to-peer mapping of dma-buf 0xbb 300 ms after its exporter was unplugged.',
      evidence: [3, 6, 9],
      key: { what: 'mapping kept', pid: 60 },
    },
  ]);
});

it('finds one kept while the exporter sleeps, by the name of its driver', () => {
  const asleep = [{ what: 'suspend', driver: 'amdgpu', start_ts: ms(100), start_event: 6 }];
  const { findings } = judge({ device_event: asleep, dma_buf_attachment: [mapping] });
  expect(findings[0]?.summary).toContain('was suspended');
});

it('finds one that was asked to end and did not', () => {
  const moved = { ...mapping, move_ts: ms(200), move_event: 7 };
  expect(judge({ dma_buf_attachment: [moved] }).findings).toMatchObject([{ severity: 'error' }]);
  const system = { ...moved, peer2peer: null };
  expect(judge({ dma_buf_attachment: [system] }).findings).toMatchObject([{ severity: 'warn' }]);
});

it.each([
  ['it reaches system memory', { peer2peer: 0 }],
  ['it ends in time', { unmap_ts: ms(150) }],
  ['the importer detaches in time', { unmap_ts: null, end_ts: ms(150) }],
  ['it begins after the unplug', { map_ts: ms(110) }],
])('is silent when %s', (_, change) => {
  const rows = { device: [unplugged], dma_buf_attachment: [{ ...mapping, ...change }] };
  expect(judge(rows).findings).toEqual([]);
});

it('says nothing about ends that are not recorded, and suspects where events were lost', () => {
  const rows = { device: [unplugged], dma_buf_attachment: [mapping] };
  expect(judge(rows, { observed: ['dmabuf.map_return'] }).findings).toEqual([]);
  const lossy = { ...rows, dma_buf_attachment: [{ ...mapping, lossy: 1 }] };
  expect(judge(lossy).findings).toMatchObject([{ confidence: 'suspect' }]);
});

const refused: RowOf = {
  dma_buf_id: 1,
  attachment_id: 1,
  what: 'pin',
  ret: -22,
  tid: 60,
  process_id: 1,
  start_ts: ms(20),
  end_ts: ms(21),
  start_event: 4,
  end_event: 5,
};

it('warns of a pin that is refused, and of the way round through system memory', () => {
  expect(judge({ dma_buf_call: [refused] }).findings).toMatchObject([
    { severity: 'warn', confidence: 'proven', key: { what: 'pin refused' }, evidence: [4, 5] },
  ]);
  const later = { ...refused, what: 'map', ret: 0, start_ts: ms(30), end_event: 8 };
  const system = { dma_buf_id: 1, tid: 60, peer2peer: 0 };
  const [finding] = judge({
    dma_buf_call: [refused, later],
    dma_buf_attachment: [system],
  }).findings;
  expect(finding?.summary).toContain('then mapped it in system memory');
});

it('does not take an interrupted call for a refusal', () => {
  expect(judge({ dma_buf_call: [{ ...refused, ret: -512 }] }).findings).toEqual([]);
});

it('cannot decide without the mappings', () => {
  const { outcome } = judge({}, { observed: ['dmabuf.attach'] });
  expect(outcome).toMatchObject({ outcome: 'not-observable' });
});
