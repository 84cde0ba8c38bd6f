import { describe, expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { postExitGpuFault } from './post-exit-gpu-fault.ts';

const fault = (at: number, ret: number | null): RowOf => ({
  function: 'svmlab_gpu_fault',
  module: 'svmlab',
  pasid: 33616,
  address: 0x7f5727c85000 + at,
  tid: 58,
  ret,
  process_id: 1,
  address_space_id: 1,
  source: 'probe',
  start_ts: ms(at),
  end_ts: ms(at) + 50_000,
  start_event: at,
  end_event: at + 1,
  lossy: 0,
});
const owner = {
  process: [{ pid: 848, comm: 'svmload', end_ts: ms(42), end_event: 42 }],
  address_space: [
    { mm: 1, process_id: 1, release_ts: ms(40), release_event: 40, end_ts: ms(41), end_event: 41 },
  ],
};
const judge = (faults: readonly RowOf[], rows: object = owner) =>
  run(postExitGpuFault, { rows: { ...rows, device_fault: faults } });

it('counts the faults answered -ESRCH after the address space died, apart from those served', () => {
  const { findings } = judge([fault(10, 0), fault(20, 0), fault(60, -3), fault(70, -3)]);
  expect(findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        '2 page faults of PASID 33616 were reported by svmlab_gpu_fault [svmlab] after the address space of svmload (pid 848) was gone, the first 20.0 ms later, answered -ESRCH (-3); 2 before were served.',
      key: { pid: 848, pasid: 33616 },
      evidence: [20, 40, 60, 61, 70, 71],
    },
  ]);
});

it('finds nothing in faults that were served, nor in a bad address of a living process', () => {
  expect(judge([fault(10, 0), fault(20, 0)]).findings).toEqual([]);
  expect(judge([fault(10, 0), fault(20, -14)]).findings).toEqual([]);
});

it('lays a refusal long before the death at nobody’s door: it was not this process that was gone', () => {
  const { findings } = judge([fault(5, -3), fault(20, 0)]);
  expect(findings).toMatchObject([{ severity: 'warn', confidence: 'suspect', objects: [{}] }]);
  expect(findings[0]?.key).toEqual({ pasid: 33616 });
  expect(judge([fault(20, 0), fault(39, -3)]).findings).toHaveLength(1);
});

it('does not take the exit of the leader for the death of the address space', () => {
  const alive = {
    process: [{ pid: 848, comm: 'svmload', leader_exit_ts: ms(15) }],
    address_space: [{ mm: 1, process_id: 1 }],
  };
  const traced = { ...fault(20, null), source: 'tracepoint' };
  expect(judge([traced], alive).findings).toEqual([]);
});

it('warns only of a driver event within 100 ms of the death: faults are delivered late', () => {
  const traced = { ...fault(60, null), source: 'tracepoint' };
  expect(judge([traced]).findings).toMatchObject([{ severity: 'warn', confidence: 'likely' }]);
  const late = { ...fault(500, null), source: 'tracepoint' };
  expect(judge([late]).findings).toMatchObject([{ severity: 'error' }]);
});

it('only suspects when nobody knows whose PASID it was', () => {
  const unknown = { ...fault(60, -3), process_id: null, address_space_id: null };
  expect(judge([unknown], {}).findings).toMatchObject([
    { severity: 'warn', confidence: 'suspect', key: { pasid: 33616 } },
  ]);
});

it('cannot decide when no fault handler was probed, though other functions were', () => {
  const { outcome } = run(postExitGpuFault, { observed: ['probe.return', 'task.exit'] });
  expect(outcome).toMatchObject({ outcome: 'not-observable' });
  expect(outcome.reason).toContain('No page fault handler');
});

describe('faults the kernel log tells of, on its own clock', () => {
  const logged = (at: number): RowOf => ({
    ...fault(Math.round(at), null),
    start_ts: ms(at),
    function: 'amdgpu log',
    module: 'amdgpu',
    source: 'log',
  });
  const judgeLog = (faults: readonly RowOf[], clockError: number) =>
    run(postExitGpuFault, { rows: { ...owner, device_fault: faults }, clockError }).findings;

  it('say how much later they came, and how far that is known', () => {
    const [finding] = judgeLog([logged(10), logged(190)], ms(0.1));
    expect(finding).toMatchObject({ severity: 'error', confidence: 'likely' });
    expect(finding?.summary).toContain('the first 150 ms later (± 100 µs between the clocks)');
    expect(finding?.summary).toContain('1 came before');
  });

  it('nearer to the death than the error cannot be ordered, on either side of it', () => {
    for (const at of [39.95, 40.05]) {
      const [finding] = judgeLog([logged(at)], ms(0.1));
      expect(finding).toMatchObject({ severity: 'warn', confidence: 'suspect' });
      expect(finding?.summary).toContain('cannot be ordered');
    }
    expect(judgeLog([logged(39)], ms(0.1))).toEqual([]);
  });

  it('are not compared with a death whose clock nothing ties to the log', () => {
    expect(judgeLog([logged(190)], Number.POSITIVE_INFINITY)).toEqual([]);
  });

  it('do not hide that some were surely late', () => {
    const [finding, ...more] = judgeLog([logged(40.05), logged(300)], ms(0.1));
    expect(finding?.summary).toContain('One page fault');
    expect(more).toEqual([]);
  });
});

describe('faults that a driver tells of', () => {
  const told = (at: number, rest: RowOf = {}): RowOf => ({
    ...fault(at, null),
    function: 'xe',
    module: null,
    pasid: null,
    source: 'tracepoint',
    ...rest,
  });

  it('right after a reset of the device are its consequence', () => {
    const rows = {
      ...owner,
      device_reset: [{ driver: 'xe', cause: 'xe_gt_reset_async', start_ts: ms(300) }],
    };
    const { findings } = judge([told(500)], rows);
    expect(findings).toMatchObject([{ severity: 'info' }]);
    expect(findings[0]?.summary).toContain('reset 200 ms before (xe_gt_reset_async)');
    expect(judge([told(250)], rows).findings).toMatchObject([{ severity: 'error' }]);
    const other = { ...owner, device_reset: [{ driver: 'i915', start_ts: ms(300) }] };
    expect(judge([told(500)], other).findings).toMatchObject([{ severity: 'error' }]);
  });

  it('after the GPU address space was freed are late, though the process lives', () => {
    const rows = {
      process: [{ pid: 848, comm: 'app' }],
      gpu_vm: [{ driver: 'xe', asid: 3, end_ts: ms(100), end_event: 100 }],
    };
    const { findings } = judge([told(300, { gpu_vm_id: 1, address_space_id: null })], rows);
    expect(findings).toMatchObject([{ severity: 'error', evidence: [100, 300, 301] }]);
    expect(findings[0]?.summary).toContain(
      'after the GPU address space of app (pid 848) was freed',
    );
  });

  it('on one page again and again were dropped without an answer', () => {
    const same = Array.from({ length: 12 }, (_, n) => told(200 + n * 20, { address: 0x7000 }));
    const [found] = judge(same).findings;
    expect(found?.details).toContainEqual({
      label: 'faults on the same page, never resolved',
      value: { type: 'count', value: 12 },
    });
  });
});

describe('a PASID that another process was given', () => {
  const mapping = (process_id: number, start: number): RowOf => ({
    driver: 'amdgpu',
    process_id,
    range_start: start,
    range_end: start + 0x1000,
    start_ts: ms(1),
  });
  const rows = {
    process: [
      { pid: 848, comm: 'first', end_ts: ms(40), end_event: 40 },
      { pid: 900, comm: 'second' },
    ],
    pasid: [
      { pasid: 7, driver: 'amdgpu', process_id: 1, start_ts: 0, end_ts: ms(45) },
      { pasid: 7, driver: 'amdgpu', process_id: 2, start_ts: ms(50), start_event: 50 },
    ],
    gpu_mapping: [mapping(1, 0x10000), mapping(2, 0x20000)],
  };
  const late = (address: number): RowOf => ({
    ...fault(60, null),
    function: 'amdgpu',
    module: null,
    pasid: 7,
    pasid_id: 2,
    process_id: 2,
    address_space_id: null,
    source: 'tracepoint',
    address,
  });

  it('is critical at an address that only the first had mapped', () => {
    expect(judge([late(0x10800)], rows).findings).toMatchObject([
      {
        severity: 'critical',
        confidence: 'likely',
        key: { what: 'cross-process', pid: 848, victim: 900 },
      },
    ]);
  });

  it('is nothing at an address of the second, or of nobody', () => {
    expect(judge([late(0x20800), late(0x30000)], rows).findings).toEqual([]);
  });

  it('is undecided where the mappings of the second were not recorded', () => {
    const unknown = { ...rows, gpu_mapping: [mapping(1, 0x10000)] };
    expect(judge([late(0x10800)], unknown).findings).toEqual([]);
  });
});
