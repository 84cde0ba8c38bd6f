/** Situations no machine at hand can record, through the whole line: bytes, lifetimes, detectors. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Finding } from '../src/analyzers/finding.ts';
import { DRIVER_PROBES, type Scenario, SVM_PROBES, scenario } from './scenario/scenario.ts';

const APP = { cpu: 0, tid: 100, comm: 'app' };
const APP_THREAD = { cpu: 1, tid: 101, comm: 'app' };
const SERVER = { cpu: 1, tid: 200, comm: 'server' };
const IDLE = { cpu: 2, tid: 0, comm: 'swapper/2' };
const SHELL = { cpu: 0, tid: 50, comm: 'sh' };
const MM = 0xffff888001234000n;
const MNI = 0xffff888004560000n;
const ms = (value: number): number => value * 1e6;
const s = (value: number): number => value * 1e9;

async function findings(made: Scenario, detector: string): Promise<Finding[]> {
  const { result } = await analyze(made.file(), { strict: true });
  const run = result.detectors.find((one) => one.detector === detector);
  expect(run?.outcome, run?.reason).not.toBe('not-observable');
  return result.findings.filter((finding) => finding.detector === detector);
}

describe('GPU faults of amdgpu', () => {
  /** gfx9: client 0x1b (UTCL2), source 0; the page number is in src_data. */
  const fault = (made: Scenario): Scenario =>
    made.event('amdgpu:amdgpu_iv', {
      client_id: 0x1b,
      src_id: 0,
      vmid: 8,
      pasid: 32770,
      src_data: [0x7f52799, 0xa1, 0, 0],
    });
  const opened = (): Scenario =>
    scenario({ kernel: '6.12' })
      .at(0, SHELL)
      .fork(APP.tid, APP.comm)
      .at(ms(1), APP)
      .exec('/bin/app')
      .after(1000)
      .event('amdgpu:amdgpu_pasid_allocated', { pasid: 32770 });

  it('are found 300 ms after the exit, not while the process lives', async () => {
    const alive = fault(opened().at(ms(50), IDLE))
      .at(ms(100), APP)
      .exit();
    expect(await findings(alive, 'post-exit-gpu-fault')).toEqual([]);
    const dead = fault(fault(alive.at(ms(400), IDLE)).at(ms(500), IDLE));
    expect(await findings(dead, 'post-exit-gpu-fault')).toMatchObject([
      { severity: 'error', confidence: 'likely', key: { pid: APP.tid, pasid: 32770 } },
    ]);
  });

  it('belong to the next owner once the number was freed and given away', async () => {
    const reused = opened()
      .at(ms(100), APP)
      .exit()
      .after(ms(1))
      .event('amdgpu:amdgpu_pasid_freed', { pasid: 32770 })
      .at(ms(200), SERVER)
      .event('amdgpu:amdgpu_pasid_allocated', { pasid: 32770 });
    expect(await findings(fault(reused.at(ms(400), IDLE)), 'post-exit-gpu-fault')).toEqual([]);
  });
});

describe('page requests of an Intel IOMMU', () => {
  /** struct page_req_dsc: bit 8 of dw0 = PASID present, bits 32-51 the PASID; dw1 the address. */
  const request = (made: Scenario): Scenario =>
    made.event('intel_iommu:prq_report', {
      dw0: (3n << 32n) | (1n << 8n),
      dw1: 0x7f0e4a1b2000n,
      iommu: 'dmar1',
      dev: '0000:00:02.0',
    });
  const bound = (): Scenario =>
    scenario({ kernel: '6.12' })
      .at(0, SHELL)
      .fork(APP.tid, APP.comm)
      .at(ms(1), APP)
      .exec('/bin/app')
      .after(1000)
      .event('intel_iommu:cache_tag_assign', { iommu: 'dmar1', dev: '0000:00:02.0', pasid: 3 });

  it('are found after the mm died, by the process that had bound the PASID', async () => {
    const made = request(bound().at(ms(50), IDLE))
      .at(ms(100), APP)
      .event('mmap:exit_mmap', { mm: MM })
      .after(1000)
      .exit();
    expect(await findings(made, 'post-exit-iommu-fault')).toEqual([]);
    expect(await findings(request(made.at(ms(120), IDLE)), 'post-exit-iommu-fault')).toMatchObject([
      { severity: 'warn', confidence: 'likely', key: { pid: APP.tid, pasid: 3 } },
    ]);
  });

  it('of an unknown owner are said to be undecidable', async () => {
    const made = request(scenario({ kernel: '6.12' }).at(0, APP).exit().at(ms(5), IDLE));
    const { result } = await analyze(made.file(), { strict: true });
    const run = result.detectors.find((one) => one.detector === 'post-exit-iommu-fault');
    expect(run?.outcome).toBe('not-observable');
    expect(run?.reason).toContain('cache_tag_assign');
  });
});

describe('a dead client', () => {
  /** Submits 7:1 and 7:2; the server waits for 7:2. */
  const client = (kernel: '6.12' | '7.2'): Scenario =>
    scenario({ kernel, enable: ['dma_fence:*'] })
      .at(0, SHELL)
      .fork(APP.tid, APP.comm)
      .at(ms(1), APP)
      .exec('/bin/app')
      .fence('init', 7, 1)
      .fence('init', 7, 2)
      .by(SERVER)
      .after(1000)
      .fence('enable_signal', 7, 2)
      .by(IDLE)
      .after(ms(2))
      .fence('signaled', 7, 1);

  it('is one whose whole group is dead: a leader that exits before its threads is not', async () => {
    const CLONE_VM_THREAD = 0x10100;
    const made = client('7.2')
      .at(ms(5), APP)
      .event('task:task_newtask', {
        pid: APP_THREAD.tid,
        comm: 'app',
        clone_flags: CLONE_VM_THREAD,
      })
      .fork(APP_THREAD.tid, 'app')
      .at(ms(10), APP)
      .exit(false)
      .at(s(1), IDLE)
      .fence('init', 9, 1);
    expect(await findings(made, 'dead-client-fence')).toEqual([]);
    expect(await findings(made, 'fence-never-signalled')).toEqual([]);
    const dead = made.at(s(1.1), APP_THREAD).exit(true).at(s(2), IDLE).fence('init', 9, 2);
    expect(await findings(dead, 'dead-client-fence')).toMatchObject([
      { severity: 'error', confidence: 'proven', key: { producer: APP.tid } },
    ]);
  });

  it('leaves a fence nobody signals to another process', async () => {
    const made = client('7.2').at(ms(10), APP).exit(true).at(s(1), IDLE).fence('init', 9, 1);
    expect(await findings(made, 'dead-client-fence')).toMatchObject([
      { severity: 'error', confidence: 'proven', key: { fence: '7:2', producer: APP.tid } },
    ]);
    expect(await findings(made, 'fence-never-signalled')).toMatchObject([
      { severity: 'error', confidence: 'likely', key: { fence: '7:2' } },
    ]);
  });

  it('is only suspected when events were lost meanwhile', async () => {
    const made = client('6.12')
      .at(ms(10), APP)
      .exit()
      .at(ms(20), IDLE)
      .fence('init', 9, 1)
      .loss(2, 5)
      .at(s(1), IDLE)
      .fence('init', 9, 2);
    const found = [
      ...(await findings(made, 'dead-client-fence')),
      ...(await findings(made, 'fence-never-signalled')),
    ];
    expect(found.map(({ confidence }) => confidence)).toEqual(['suspect', 'suspect']);
  });
});

describe('an invalidation', () => {
  const probes = [...SVM_PROBES, ...DRIVER_PROBES];
  const range = { mm: MM, start: 0x7f0000000000n, end: 0x7f0000010000n };

  it('of kswapd that waits in a driver holds up reclaim of the machine', async () => {
    const made = scenario({ kernel: '6.12', probes })
      .at(0, { cpu: 0, tid: 60, comm: 'kswapd0' })
      .invalidate({ ...range, event: 1, mni: MNI, takes: ms(30) });
    expect(await findings(made, 'invalidate-stall')).toMatchObject([
      { severity: 'error', confidence: 'proven', key: { pid: 60, event: 1 } },
    ]);
  });

  it('that was refused is no stall, and what follows it is not its end', async () => {
    const reaper = { cpu: 0, tid: 31, comm: 'oom_reaper' };
    const made = scenario({ kernel: '6.12', probes })
      .at(0, reaper)
      .invalidate({ ...range, flags: 0, mni: MNI, takes: 1000, ret: -11 })
      .after(ms(100))
      .invalidate({ ...range, flags: 0, mni: MNI, takes: 1000, ret: -11 });
    expect(await findings(made, 'invalidate-stall')).toEqual([]);
  });
});

describe('a fault that breaks copy-on-write', () => {
  it('invalidates its own range and retries: no storm', async () => {
    const made = scenario({ kernel: '6.12', probes: SVM_PROBES }).at(0, APP);
    const attempt = (seq: number, ret: number, own: boolean): void => {
      made.probe('read_begin', { mni: MNI, start: 0x7f0000000000n, last: 0x7f000000ffffn });
      made.after(1000).probe('read_begin_ret', { seq });
      made.probe('hmm_range_fault', {
        notifier: MNI,
        seq,
        start: 0x7f0000000000n,
        end: 0x7f0000010000n,
      });
      for (let page = 0n; own && page < 12n; page += 1n) {
        const start = 0x7f0000000000n + page * 4096n;
        made.invalidate({ mm: MM, start, end: start + 4096n, event: 1, takes: 1000 });
      }
      made.after(1000).probe('hmm_range_fault_ret', { ret });
    };
    attempt(1, -16, true);
    attempt(25, 0, false);
    expect(await findings(made, 'hmm-retry-storm')).toEqual([]);
  });
});
