import { describe, expect, it } from 'vitest';
import { live } from '../../../test/run-lifetimes.ts';
import type { BufferCall } from '../../kernel/drm-occurrence.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

type Given = {
  readonly buffer?: number;
  readonly inode?: number;
  readonly attachment?: number;
  readonly peer2peer?: boolean;
};
const call = (kind: BufferCall, given: Given = {}): OccurrenceData => ({
  kind,
  function: kind,
  buffer: given.buffer,
  inode: given.inode,
  attachment: given.attachment,
  device: undefined,
  deviceName: undefined,
  exporter: undefined,
  size: undefined,
  isDynamic: undefined,
  peer2peer: given.peer2peer,
});
const back = (kind: BufferCall, ret: number, pointer?: number): OccurrenceData => ({
  kind: `${kind}_return`,
  function: kind,
  ret,
  pointer,
});
const exported = [
  [1, 10, call('dmabuf.export')],
  [2, 10, back('dmabuf.export', 0, 0xb0)],
] as const;

describe('dma-bufs', () => {
  it('are born when dma_buf_export returns them, and die with dma_buf_release', () => {
    const lived = live([...exported, [9, 11, call('dmabuf.release', { buffer: 0xb0 })]]);
    expect(lived.row('dma_buf')).toMatchObject({
      pointer: 0xb0,
      owner_tid: 10,
      start_ts: 1e6,
      end_ts: 9e6,
    });
  });

  it('are the same to the tracepoint inside the probed function', () => {
    const lived = live([
      [1, 10, call('dmabuf.export')],
      [1, 10, call('dmabuf.export', { inode: 77 })],
      [2, 10, back('dmabuf.export', 0, 0xb0)],
    ]);
    expect(lived.row('dma_buf')).toMatchObject({ pointer: 0xb0, inode: 77 });
  });

  it('whose export failed are none', () => {
    expect(live([exported[0], [2, 10, back('dmabuf.export', -12, 1)]]).rows('dma_buf')).toEqual([]);
  });

  it('at the address of one released unseen are others', () => {
    const lived = live([
      ...exported,
      [5, 10, call('dmabuf.export')],
      [6, 10, back('dmabuf.export', 0, 0xb0)],
    ]);
    expect(lived.rows('dma_buf').map(({ start_ts }) => start_ts)).toEqual([1e6, 5e6]);
  });
});

describe('attachments', () => {
  it('are named by the return of the attach, or first when they are detached', () => {
    const lived = live([
      ...exported,
      [3, 11, call('dmabuf.attach', { buffer: 0xb0 })],
      [4, 11, back('dmabuf.attach', 0, 0xa1)],
      [5, 12, call('dmabuf.attach', { buffer: 0xb0 })],
      [8, 11, call('dmabuf.detach', { buffer: 0xb0, attachment: 0xa1 })],
      [9, 12, call('dmabuf.detach', { buffer: 0xb0, attachment: 0xa2 })],
    ]);
    expect(lived.rows('dma_buf_attachment')).toMatchObject([
      { pointer: 0xa1, tid: 11, start_ts: 3e6, end_ts: 8e6 },
      { pointer: 0xa2, tid: 12, start_ts: 5e6, end_ts: 9e6 },
    ]);
  });

  it('two by one thread are two, with tracepoints or without returns', () => {
    const lived = live([
      ...exported,
      [3, 11, call('dmabuf.attach', { buffer: 0xb0, attachment: 0xa1 })],
      [4, 11, call('dmabuf.attach', { buffer: 0xb0, attachment: 0xa2 })],
      [5, 11, call('dmabuf.attach', { buffer: 0xb0 })],
      [6, 11, call('dmabuf.attach', { buffer: 0xb0 })],
    ]);
    expect(lived.rows('dma_buf_attachment')).toHaveLength(4);
  });

  it('are mapped until they are unmapped, and know of moves meanwhile', () => {
    const given = { buffer: 0xb0, attachment: 0xa1, peer2peer: true };
    const lived = live([
      ...exported,
      [3, 11, call('dmabuf.attach', { buffer: 0xb0, attachment: 0xa1 })],
      [4, 11, call('dmabuf.map', given)],
      [5, 11, back('dmabuf.map', 0, 0xffff)],
      [6, 10, call('dmabuf.move', { buffer: 0xb0 })],
      [7, 11, call('dmabuf.unmap', given)],
      [8, 10, call('dmabuf.move', { buffer: 0xb0 })],
      [9, 11, call('dmabuf.pin', given)],
      [9, 11, back('dmabuf.pin', -22)],
    ]);
    expect(lived.row('dma_buf_attachment')).toMatchObject({
      peer2peer: 1,
      map_ts: 5e6,
      move_ts: 6e6,
      unmap_ts: 7e6,
    });
    expect(lived.rows('dma_buf_call').map(({ what, ret }) => [what, ret])).toEqual([
      ['map', 0],
      ['pin', -22],
    ]);
  });
});
