import { expect, it } from 'vitest';
import { record, records } from '../../../test/log-records.ts';

const DEV = 'nouveau 0000:0a:00.0: ';

it.each([
  [
    'fifo: read fault at 0000a10000 engine 00 [PGRAPH] client 12 [GPC0/TEX] reason 02 [PAGE_NOT_PRESENT] on channel 6 [003fbbf000 gl app[2207]]',
    {
      class: 'gpu-page-fault',
      access: 'read',
      address: 0xa10000,
      engine: 'PGRAPH',
      client: 'GPC0/TEX',
      reason: 2,
      meaning: 'PAGE_NOT_PRESENT',
      queue: 6,
      comm: 'gl app',
      pid: 2207,
    },
  ],
  [
    'fifo: fault 01 [VIRT_WRITE] at 00007f3300021000 engine 40 [gr] client 0d [GPC1/GPCCS] reason 02 [PTE] on channel 4 [00ff8a2000 gl app[2207]]',
    {
      class: 'gpu-page-fault',
      access: 'write',
      address: 0x7f3300021000,
      meaning: 'PTE',
      queue: 4,
      pid: 2207,
    },
  ],
  [
    'fifo: fault 00 [VIRT_READ] at 0000000000001000 engine 04 [BAR2] client 08 [HUB/HOST_CPU_NB] reason 00 [PDE] on channel -1 [00ff8a2000 unknown]',
    { class: 'gpu-page-fault', queue: -1, comm: 'unknown' },
  ],
  [
    'fifo: SCHED_ERROR 0a [CTXSW_TIMEOUT]',
    { class: 'gpu-error', reason: 0x0a, meaning: 'CTXSW_TIMEOUT' },
  ],
  ['fifo: channel 9: killed', { class: 'channel-killed', queue: 9 }],
  ['gl app[2207]: channel 9 killed!', { class: 'channel-killed', pid: 2207, comm: 'gl app' }],
  [
    'fifo:000001:000c:[gl app[2207]] errored - disabling channel',
    { class: 'channel-killed', queue: 12, comm: 'gl app', pid: 2207 },
  ],
  [
    'gsp: rc engn:00000001 chid:18 gfid:0 level:2 type:13 scope:1 part:233',
    { class: 'gpu-error', queue: 18, reason: 13 },
  ],
  [
    'svm-00000000c0ffee00: addr 00007f3300021000',
    { class: 'gpu-page-fault', address: 0x7f3300021000 },
  ],
])('%s', (line, expected) => {
  expect(record(DEV + line)).toMatchObject({
    source: 'nouveau',
    device: '0000:0a:00.0',
    ...expected,
  });
});

it('with GSP firmware a fault is two lines', () => {
  expect(
    records(
      `${DEV}gsp: mmu fault queued`,
      `${DEV}gsp: rc engn:00000001 chid:18 type:31 scope:1 part:233`,
    ),
  ).toMatchObject([{ class: 'gpu-page-fault', queue: 18, reason: 31, events: [1, 2] }]);
});
