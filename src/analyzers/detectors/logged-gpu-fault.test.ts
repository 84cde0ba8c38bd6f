import { describe, expect, it } from 'vitest';
import { ms, run } from '../../../test/detector-view.ts';
import { logRowsOf } from '../../../test/log-rows.ts';
import { loggedGpuFault } from './logged-gpu-fault.ts';

const DEV = 'amdgpu 0000:43:00.0: amdgpu: ';
const fault = (pid: number, page: number, at = 10, pasid = 32770): string[] => [
  `[${at}.0] ${DEV}[gfxhub0] no-retry page fault (src_id:0 ring:24 vmid:8 pasid:${pasid}, for process ${pid === 0 ? '' : 'solver'} pid ${pid} thread ${pid === 0 ? '' : 'solver'} pid ${pid})`,
  `[${at}.0] ${DEV}  in page starting at address 0x${(page * 4096).toString(16).padStart(16, '0')} from IH client 0x1b (UTCL2)`,
  `[${at}.0] ${DEV}VM_L2_PROTECTION_FAULT_STATUS:0x00801A31`,
  `[${at}.0] ${DEV}\t RW: 0x1`,
];
const judge = (...lines: readonly string[]) =>
  run(loggedGpuFault, { rows: { log_record: logRowsOf(...lines) } }).findings;

it('says whose, where and how many', () => {
  expect(judge(...fault(7001, 8), ...fault(7001, 9), ...fault(7001, 9))).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary: expect.stringMatching(
        /^solver \(pid 7001\) had 3 GPU page faults in 2 pages, first at 0x8000, on 0000:43:00.0 within /,
      ),
      evidence: [1, 2, 3, 4, 5, 6, 7, 8],
      key: { device: '0000:43:00.0', pid: 7001, pasid: 32770 },
    },
  ]);
});

it('two processes, and two moments, are two findings', () => {
  expect(judge(...fault(7001, 8), ...fault(7002, 8, 10, 32771))).toHaveLength(2);
  expect(judge(...fault(7001, 8), ...fault(7001, 9, 60))).toHaveLength(2);
});

describe('without a process', () => {
  it('it may have ended: no more is claimed', () => {
    const [finding] = judge(...fault(0, 8));
    expect(finding?.summary).toContain('PASID 32770 had a GPU page fault at 0x8000');
    expect(finding?.summary).toContain('may have ended before');
  });

  it('which earlier faults of the PASID named, it has most likely ended', () => {
    const findings = judge(...fault(7001, 8), ...fault(0, 9, 11));
    expect(findings.map(({ summary }) => summary)).toContainEqual(
      expect.stringContaining('earlier solver (pid 7001), which has most likely ended'),
    );
  });

  it('the kernel’s own is no process’s', () => {
    const [finding] = judge(
      `${DEV}[gfxhub0] no-retry page fault (src_id:0 ring:0 vmid:0 pasid:0, for process  pid 0 thread  pid 0)`,
      `${DEV}  in page starting at address 0x0000000000001000 from IH client 0x1b (UTCL2)`,
    );
    expect(finding?.summary).toContain('The kernel (PASID 0) had');
    expect(finding?.summary).not.toContain('ended');
  });
});

it('a record whose body a filter removed is a fault, and says so', () => {
  expect(judge('xe 0000:04:00.0: [drm] Tile0: GT0:')).toMatchObject([
    { confidence: 'likely', summary: expect.stringContaining('record body missing') },
  ]);
});

it.each([
  ['what follows from a reset', [`[9.0] ${DEV}GPU reset begin!`, ...fault(0, 8)]],
  ['buffers freed when a process ends', [`${DEV}Freeing queue vital buffer 0x1000, queue evicted`]],
  [
    'faults of an IOMMU',
    ['DMAR: [DMA Read NO_PASID] Request device [03:00.0] fault addr 0x1000 [fault reason 0x06] x'],
  ],
  ['faults of the kernel', ['BUG: unable to handle page fault for address: ffffb0c600a41000']],
])('is silent about %s', (_, lines) => {
  expect(judge(...lines)).toEqual([]);
});

it('leaves to post-exit-gpu-fault what it can prove', () => {
  const { findings } = run(loggedGpuFault, {
    rows: {
      log_record: logRowsOf(...fault(7001, 8)),
      process: [{ pid: 7001, end_ts: ms(9000) }],
      device_fault: [{ source: 'log', process_id: 1, start_ts: ms(10_000), start_event: 1 }],
    },
  });
  expect(findings).toEqual([]);
});

it('cannot look without a log', () => {
  expect(run(loggedGpuFault, { observed: ['device.fault'] }).outcome).toMatchObject({
    outcome: 'not-observable',
    enable: ['printk:console'],
  });
});
