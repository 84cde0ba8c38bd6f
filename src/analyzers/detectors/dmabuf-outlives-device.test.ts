import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { dmabufOutlivesDevice } from './dmabuf-outlives-device.ts';

const rows = {
  process: [
    { id: 1, pid: 187, comm: 'exporter' },
    { id: 2, pid: 189, comm: 'importer' },
  ],
  device: [
    { pointer: 0xaa, driver: 'virtio_gpu', first_ts: 0, end_ts: ms(400), end_event: 20 },
  ] as RowOf[],
  dma_buf: [
    { pointer: 0xbb, device_id: 1, owner_tid: 187, start_ts: ms(30), start_event: 5, lossy: 0 },
  ] as RowOf[],
  dma_buf_attachment: [
    {
      dma_buf_id: 1,
      tid: 189,
      process_id: 2,
      start_ts: ms(40),
      start_event: 8,
      end_ts: s(10),
      end_event: 90,
    },
  ] as RowOf[],
  dma_buf_call: [
    {
      dma_buf_id: 1,
      what: 'access',
      ret: 0,
      tid: 189,
      process_id: 2,
      start_ts: s(1),
      start_event: 30,
      end_ts: s(9),
      end_event: 80,
    },
  ] as RowOf[],
};
const judge = (change: object = {}, more: object = {}) =>
  run(dmabufOutlivesDevice, { rows: { ...rows, ...change }, end: s(11), ...more });

it('finds accesses long after the exporter was unplugged', () => {
  expect(judge().findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'likely',
      summary:
        'dma-buf 0xbb of device 0xaa (virtio_gpu) was kept attached and accessed 1 time by importer (pid 189) up to 9.60 s after the device was unplugged.',
      evidence: [5, 8, 20, 30, 80, 90],
      key: { dmabuf: '0xbb', dev: '0xaa', pid: 189 },
    },
  ]);
});

it('only warns of an attachment that nobody uses', () => {
  expect(judge({ dma_buf_call: [] }).findings).toMatchObject([{ severity: 'warn' }]);
});

it.each([
  ['the importer lets go within a second', { end_ts: s(1.2) }, []],
  ['it is attached after the unplug by a name that is left', { start_ts: ms(500) }, []],
])('is silent when %s', (_, change, calls) => {
  const attachment = [{ ...rows.dma_buf_attachment[0], ...change }];
  expect(judge({ dma_buf_attachment: attachment, dma_buf_call: calls }).findings).toEqual([]);
});

it.each([
  ['the buffer is of another device', [{ ...rows.dma_buf[0], device_id: 2 }]],
  ['its exporter is not known', [{ ...rows.dma_buf[0], device_id: null }]],
  ['it was released before the unplug', [{ ...rows.dma_buf[0], end_ts: ms(390) }]],
])('is silent when %s', (_, buffer) => {
  expect(judge({ dma_buf: buffer }).findings).toEqual([]);
});

it('is silent while the recording ends within the grace', () => {
  const open = [{ ...rows.dma_buf_attachment[0], end_ts: null }];
  const situation = { dma_buf_attachment: open, dma_buf_call: [] };
  expect(judge(situation, { end: s(1.3) }).findings).toEqual([]);
  expect(judge(situation, { end: s(2) }).findings).toHaveLength(1);
});

it('only suspects when events were lost over its life', () => {
  expect(judge({ dma_buf: [{ ...rows.dma_buf[0], lossy: 1 }] }).findings).toMatchObject([
    { confidence: 'suspect' },
  ]);
});

it('cannot decide without the exports', () => {
  const { outcome } = judge({}, { observed: ['device.unplug', 'dmabuf.attach'] });
  expect(outcome).toMatchObject({ outcome: 'not-observable' });
  expect(outcome.enable).toContain('dma_buf:dma_buf_export');
});
