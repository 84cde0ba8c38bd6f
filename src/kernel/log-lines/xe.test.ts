import { describe, expect, it } from 'vitest';
import { record, records } from '../../../test/log-records.ts';

const DEV = 'xe 0000:04:00.0: ';
const BODY = [
  'ASID: 771',
  '\tVFID: 0',
  '\tPDATA: 0x0490',
  '\tFaulted Address: 0x00007c1200451000',
  '\tFaultType: 0',
  '\tAccessType: 1',
  '\tFaultLevel: 0',
  '\tEngineClass: 3 bcs',
  '\tEngineInstance: 8',
];
const values = {
  class: 'gpu-page-fault',
  device: '0000:04:00.0',
  asid: 771,
  address: 0x7c1200451000,
  reason: 0,
  meaning: 'not present',
  access: 'write',
  engine: 'bcs8',
  bodyMissing: false,
};

describe('a fault record', () => {
  it('of 6.11 is one message of many lines', () => {
    expect(record([`${DEV}[drm:pf_queue_work_func [xe]] `, ...BODY].join('\n'))).toMatchObject(
      values,
    );
  });

  it('of 7.x has a head that says nothing', () => {
    expect(record([`${DEV}[drm] Tile0: GT0: `, ...BODY].join('\n'))).toMatchObject(values);
  });

  it('whose lines come one by one, without a device', () => {
    expect(record(`${DEV}[drm] Tile1: GT1:`, ...BODY)).toMatchObject(values);
  });

  it('of an engine class without a name, write access violation', () => {
    const old = BODY.map((line) =>
      line.replace('3 bcs', '5').replace('FaultType: 0', 'FaultType: 1'),
    );
    expect(record([`${DEV}[drm:pf_queue_work_func [xe]] `, ...old].join('\n'))).toMatchObject({
      engine: 'ccs8',
      meaning: 'write access violation',
    });
  });

  it('without its head is still one', () => {
    expect(record(...BODY.map((line) => DEV + line))).toMatchObject(values);
  });
});

it.each([
  ['[drm] GT0: Fault response: Unsuccessful -22', { class: 'fault-response', errno: -22 }],
  [
    '[drm] Tile0: GT0: Fault response: Unsuccessful -EINVAL',
    { class: 'fault-response', errno: -22 },
  ],
  [
    '[drm] Tile0: GT0: Fault response: Unsuccessful -ENOENT',
    { class: 'fault-response', errno: -2 },
  ],
  [
    '[drm:xe_guc_exec_queue_memory_cat_error_handler [xe]] GT0: Engine memory cat error: engine_class=rcs, logical_mask: 0x1, guc_id=14',
    { class: 'cat-error', engine: 'rcs', queue: 14 },
  ],
  [
    '[drm] *ERROR* Tile0: GT0: Engine memory CAT error [18]: class=ccs, logical_mask: 0x4, guc_id=31',
    { class: 'cat-error', engine: 'ccs', queue: 31 },
  ],
  [
    '[drm] GT0: Engine reset: engine_class=rcs, logical_mask: 0x1, guc_id=14',
    { class: 'engine-reset', engine: 'rcs', queue: 14 },
  ],
  [
    '[drm] Tile0: GT0: Engine reset: engine_class=bcs, logical_mask: 0x1, guc_id=31, state=0x249',
    { class: 'engine-reset', queue: 31 },
  ],
  ['[drm] exec queue reset detected', { class: 'engine-reset' }],
  ['[drm] VM worker error: -12', { class: 'vm-worker-error', errno: -12 }],
  [
    '[drm] Tile0: GT0: Timedout job: seqno=4294967170, lrc_seqno=4294967170, guc_id=31, flags=0x20 in llm run [9120]',
    { class: 'job-timeout', seqno: 4294967170, queue: 31, comm: 'llm run', pid: 9120 },
  ],
  [
    '[drm:guc_exec_queue_timedout_job [xe]] GT0: Check job timeout: seqno=7, lrc_seqno=7, guc_id=2, not started',
    { class: 'job-timeout-check', meaning: 'not started' },
  ],
  [
    '[drm:guc_exec_queue_timedout_job [xe]] GT0: Check job timeout: seqno=7, lrc_seqno=7, guc_id=2, running_time_ms=4021, timeout_ms=5000, diff=0x0b71',
    { class: 'job-timeout-check', queue: 2 },
  ],
  [
    '[drm] *ERROR* GT0: TLB invalidation fence timeout, seqno=905 recv=904',
    { class: 'tlb-timeout', seqno: 905 },
  ],
  ['[drm] *ERROR* GT0: Schedule disable failed to respond', { class: 'firmware-timeout' }],
  ['[drm] GT0: trying reset from guc_exec_queue_timedout_job [xe]', { class: 'gpu-reset-step' }],
  ['[drm] GT0: reset queued', { class: 'gpu-reset-step' }],
  ['[drm] GT0: reset started', { class: 'gpu-reset' }],
  ['[drm] GT0: reset done', { class: 'gpu-reset-done' }],
  ['[drm] *ERROR* GT0: reset failed (-ETIMEDOUT)', { class: 'reset-failed', errno: -110 }],
  [
    '[drm] *ERROR* CRITICAL: Xe has declared device 0000:04:00.0 as wedged.',
    { class: 'device-wedged' },
  ],
  ['[drm] Check your /sys/class/drm/card2/device/devcoredump/data', { class: 'device-coredump' }],
])('%s', (line, expected) => {
  expect(record(DEV + line)).toMatchObject({
    source: 'xe',
    device: '0000:04:00.0',
    ...expected,
  });
});

it('a job of a process that is gone names nobody', () => {
  const { comm, pid } = record(
    `${DEV}[drm] GT0: Timedout job: seqno=7, lrc_seqno=7, guc_id=2, flags=0x0 in no process [-1]`,
  );
  expect([comm, pid]).toEqual([undefined, undefined]);
});

it('two devices keep their records apart', () => {
  const other = 'xe 0000:08:00.0: ';
  const found = records(
    `${DEV}[drm] Tile0: GT0:`,
    `${other}[drm] Tile0: GT0:`,
    `${DEV}\tASID: 1`,
    `${other}\tASID: 2`,
    `${other}\tFaulted Address: 0x2000`,
    `${DEV}\tFaulted Address: 0x1000`,
  );
  expect(found.map(({ device, asid, address }) => [device, asid, address])).toEqual([
    ['0000:04:00.0', 1, 0x1000],
    ['0000:08:00.0', 2, 0x2000],
  ]);
});
