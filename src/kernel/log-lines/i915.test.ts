import { expect, it } from 'vitest';
import { record, records } from '../../../test/log-records.ts';

const DEV = 'i915 0000:00:02.0: ';

it.each([
  [
    '[drm] GPU HANG: ecode 8:0:0x85dffffb, reason: Ring hung, action: reset',
    { class: 'gpu-hang', meaning: '8:0:0x85dffffb' },
  ],
  [
    '[drm] GPU HANG: ecode 9:0:0x84dfeffb, in render bench [3120], reason: Hang on rcs0, action: reset',
    { class: 'gpu-hang', comm: 'render bench', pid: 3120, engine: 'rcs0' },
  ],
  ['[drm] GPU HANG: ecode 9:1:0x00000000, hang on vcs1', { class: 'gpu-hang', engine: 'vcs1' }],
  [
    `${DEV}GPU HANG: ecode 12:1:84dffffb, in cc:gl [3120]`,
    { class: 'gpu-hang', comm: 'cc:gl', pid: 3120, device: '0000:00:02.0' },
  ],
  [
    `${DEV}[drm] GPU HANG: ecode 12:1:84dffffb, in cc:gl [3120]`,
    { class: 'gpu-hang', meaning: '12:1:84dffffb', pid: 3120 },
  ],
  ['drmn0: [drm] GPU HANG: ecode 12:1:84dffffb, in x [42]', { device: 'drmn0', pid: 42 }],
  [`${DEV}Resetting rcs0 for hang on rcs0`, { class: 'engine-reset', engine: 'rcs0' }],
  [
    `${DEV}[drm] Resetting bcs0 for preemption time out`,
    { class: 'engine-reset', engine: 'bcs0', meaning: 'preemption time out' },
  ],
  [
    `${DEV}[drm] GT1: Resetting chip for GuC failed to reset engine mask=0x1`,
    { class: 'gpu-reset', meaning: 'GuC failed to reset engine mask=0x1' },
  ],
  [
    `${DEV}[drm] *ERROR* rcs0 reset request timed out: {request: 00000001, RESET_CTL: 00000001}`,
    { class: 'reset-failed', engine: 'rcs0' },
  ],
  [
    `${DEV}[drm] render bench[3120] context reset due to GPU hang`,
    { class: 'context-reset', comm: 'render bench', pid: 3120 },
  ],
  [
    `${DEV}[drm] *ERROR* GT0: GUC: Engine reset failed on 0:0 (rcs0) because 0x00000001`,
    { class: 'reset-failed', engine: 'rcs0', status: 1 },
  ],
  [
    'Asynchronous wait on fence i915:render bench[3120]:1f2c timed out (hint:intel_atomic_commit_ready+0x0/0x54 [i915])',
    {
      class: 'fence-timeout',
      fence: 'i915:render bench[3120]:1f2c',
      seqno: 0x1f2c,
      function: 'intel_atomic_commit_ready',
    },
  ],
  [
    `${DEV}[drm] Fence expiration time out i915-0000:00:02.0:render bench[3120]:7a!`,
    { class: 'fence-timeout', seqno: 0x7a },
  ],
  [`${DEV}[drm] (-62) failed to wait for idle`, { class: 'userptr-failed', errno: -62 }],
])('%s', (line, expected) => {
  expect(record(line)).toMatchObject({ source: 'i915', ...expected });
});

it('keeps the order of 5.6 to 5.11, where the hang comes last, and that of 6.12', () => {
  const lines = [
    `${DEV}[drm] Resetting rcs0 for preemption time out`,
    `${DEV}[drm] x[42] context reset due to GPU hang`,
    `${DEV}[drm] GPU HANG: ecode 12:1:84dffffb, in x [42]`,
  ];
  const classes = ['engine-reset', 'context-reset', 'gpu-hang'];
  expect(records(...lines).map((one) => one.class)).toEqual(classes);
  expect(records(...lines.toReversed()).map((one) => one.class)).toEqual(classes.toReversed());
});
