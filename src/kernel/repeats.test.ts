import { describe, expect, it } from 'vitest';
import type { CaptureBuffer, CaptureHeader, EventType } from '../parsers/parser.ts';
import { createRecogniser } from './recognise.ts';

const TYPE: EventType = {
  index: 0,
  id: 1,
  system: 'dma_fence',
  name: 'dma_fence_init',
  fields: [],
  printFormat: '',
};
const FENCE = { context: 1, seqno: 2, driver: 'd', timeline: 't' };

function recorded(buffers: number, isAskedTwice: boolean) {
  const type = { ...TYPE, ...(isAskedTwice ? { isAskedTwice } : {}) };
  const made = Array.from({ length: buffers }, (_, n) => ({ name: `b${n}`, clock: '', cpus: [0] }));
  const header = { eventTypes: [type], buffers: made as CaptureBuffer[] };
  const recogniser = createRecogniser(header as unknown as CaptureHeader, () => undefined);
  return (ts: number, buffer: number, rest: object = {}, tid = 10, cpu = 0) =>
    recogniser.recognise(type, { ...FENCE, ...rest }, { event: ts, ts, cpu, tid }, buffer)?.kind;
}

describe('an event that is recorded twice', () => {
  it('counts once where perf was asked for it twice', () => {
    const told = recorded(1, true);
    expect([told(1000, 0), told(1900, 0)]).toEqual(['fence.init', undefined]);
    // the next one happens a moment later, and is recorded twice as well
    expect([told(3000, 0), told(3500, 0)]).toEqual(['fence.init', undefined]);
  });

  it('counts once where it was enabled in two buffers', () => {
    const told = recorded(2, false);
    expect([told(1000, 0), told(1040, 1), told(1050, 0)]).toEqual([
      'fence.init',
      undefined,
      'fence.init',
    ]);
  });

  it.each([
    ['another fence', { seqno: 3 }, 10, 0, 1500],
    ['another task', {}, 11, 0, 1500],
    ['another CPU', {}, 10, 1, 1500],
    ['much later', {}, 10, 0, 90_000],
  ] as const)('is none of %s', (_, rest, tid, cpu, ts) => {
    const told = recorded(2, false);
    expect([told(1000, 0), told(ts, 1, rest, tid, cpu)]).toEqual(['fence.init', 'fence.init']);
  });

  it('is not looked for in one buffer that was asked for once', () => {
    const told = recorded(1, false);
    expect([told(1000, 0), told(1001, 0)]).toEqual(['fence.init', 'fence.init']);
  });
});
