import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { objectsOf } from '../../../test/run-capture.ts';
import { fence, live } from '../../../test/run-lifetimes.ts';
import { scratch } from '../../../test/scratch.ts';

const waitsOn = (context: number, seqno: number, onContext: number, onSeqno: number) =>
  ({ kind: 'fence.waits_on', context, seqno, onContext, onSeqno }) as const;

it('joins two fences that live, and none with itself or with one nobody saw', () => {
  const lived = live([
    [0, 10, fence('init', '3:1')],
    [1, 10, fence('init', '4:1')],
    [2, 10, waitsOn(4, 1, 3, 1)],
    [3, 10, waitsOn(4, 1, 4, 1)],
    [4, 10, waitsOn(4, 1, 9, 9)],
  ]);
  expect(lived.row('fence_dependency')).toMatchObject({
    fence_id: 2,
    on_fence_id: 1,
    start_ts: 2e6,
    start_event: 3,
  });
});

it('is read from the text of a kernel that has the event', () => {
  const names = (context: number) =>
    `driver=nv timeline=ring ${context} context=${context} seqno=1`;
  const file = join(scratch(), 'trace.txt');
  writeFileSync(
    file,
    [
      '# tracer: nop',
      `  app-100 [000] .... 1.000000: fence_init: ${names(3)}`,
      `  app-100 [000] .... 1.000010: fence_init: ${names(4)}`,
      `  app-100 [000] .... 1.000020: fence_annotate_wait_on: ${names(4)} waits on ${names(3)}`,
      '',
    ].join('\n'),
  );
  expect(objectsOf(file).rows('fence_dependency')).toMatchObject([{ fence_id: 2, on_fence_id: 1 }]);
});
