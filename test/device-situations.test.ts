/**
 * Situations of GPU drivers and IOMMUs we have no hardware for, in the formats of real kernels, through
 * the whole line: bytes, objects, verdicts.
 */
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Finding } from '../src/analyzers/finding.ts';
import { objectsOf } from './run-capture.ts';
import { type Kernel, type Scenario, type ScenarioFields, scenario } from './scenario/scenario.ts';

const BDF = '0000:03:00.0';
const MM = 0xffff888001234000n;
const SHELL = { cpu: 0, tid: 50, comm: 'sh' };
const APP = { cpu: 0, tid: 100, comm: 'app' };
const OTHER = { cpu: 1, tid: 200, comm: 'other' };
const WORKER = { cpu: 2, tid: 58, comm: 'kworker/2:1' };
const IDLE = { cpu: 2, tid: 0, comm: 'swapper/2' };
const ms = (value: number): number => value * 1e6;
const s = (value: number): number => value * 1e9;

async function findings(made: Scenario, detector: string): Promise<Finding[]> {
  const { result } = await analyze(made.file(), { strict: true });
  const run = result.detectors.find((one) => one.detector === detector);
  expect(run?.outcome, run?.reason).not.toBe('not-observable');
  return result.findings.filter((finding) => finding.detector === detector);
}

/** `app` and `other` are born of a shell and run. */
function two(kernel: Kernel): Scenario {
  return scenario({ kernel, enable: ['sched:sched_process_exit'] })
    .at(0, SHELL)
    .fork(APP.tid, APP.comm)
    .fork(OTHER.tid, OTHER.comm)
    .at(ms(1), APP)
    .exec('/bin/app')
    .by(OTHER)
    .after(1000)
    .exec('/bin/other');
}

/** The memory goes, then the task; since 6.16 the other way round, and the kernel says who was last. */
function dies(made: Scenario, at: number, kernel: Kernel): Scenario {
  if (kernel === '7.2') {
    return made.at(at, APP).exit(true).after(1000).event('mmap:exit_mmap', { mm: MM });
  }
  return made.at(at, APP).event('mmap:exit_mmap', { mm: MM }).after(1000).exit();
}

describe.each(['6.12', '7.2'] as const)('xe of %s', (kernel) => {
  const queue = { dev: BDF, class: 5, logical_mask: 1, gt_id: 0, width: 1, guc_id: 4 };
  const vm = { dev: BDF, vm: 0xffff888000003000n, asid: 3 };
  const opened = (): Scenario =>
    two(kernel).at(ms(2), APP).event('xe:xe_vm_create', vm).event('xe:xe_exec_queue_create', queue);

  it('a job is one, though driver and scheduler both tell of it', () => {
    const fence = 0xffff888000001000n;
    const job = { dev: BDF, seqno: 9, lrc_seqno: 9, guc_id: 4, fence };
    const scheduled: [string, string, ScenarioFields] =
      kernel === '6.12'
        ? ['drm_sched_job', 'drm_run_job', { name: 'ccs4', id: 1, fence: fence + 64n }]
        : [
            'drm_sched_job_queue',
            'drm_sched_job_run',
            { name: 'ccs4', dev: BDF, fence_context: 70, fence_seqno: 5 },
          ];
    const [pushed, ran, fields] = scheduled;
    const made = opened()
      .at(ms(3), APP)
      .event('xe:xe_hw_fence_create', { dev: BDF, ctx: 61, seqno: 9, fence })
      .event('xe:xe_sched_job_exec', job)
      .after(2000)
      .event(`gpu_scheduler:${pushed}`, fields)
      .by(WORKER)
      .after(5000)
      .event(`gpu_scheduler:${ran}`, fields)
      .event('xe:xe_sched_job_run', job)
      .by(IDLE)
      .after(ms(4))
      .event('xe:xe_hw_fence_signal', { dev: BDF, ctx: 61, seqno: 9, fence });
    const objects = objectsOf(made.file());
    const [only, ...more] = objects.rows('job');
    expect(more).toEqual([]);
    expect(only).toMatchObject({ ring: 'ccs4', owner_tid: APP.tid, queue_id: 1 });
    expect(Number(only?.done_ts) - Number(only?.run_ts)).toBeCloseTo(ms(4), -4);
    expect(only).toMatchObject(
      kernel === '6.12' ? { context: 61, seqno: 9 } : { context: 70, seqno: 5 },
    );
  });

  it('a CAT error of its queue after the owner died is found, one before is not', async () => {
    const alive = dies(
      opened().at(ms(50), IDLE).event('xe:xe_exec_queue_memory_cat_error', queue),
      ms(100),
      kernel,
    );
    expect(await findings(alive, 'post-exit-gpu-fault')).toEqual([]);
    const dead = alive.at(ms(400), IDLE).event('xe:xe_exec_queue_memory_cat_error', queue);
    expect(await findings(dead, 'post-exit-gpu-fault')).toMatchObject([
      { severity: 'error', confidence: 'likely', key: { pid: APP.tid } },
    ]);
  });

  it('a CAT error after a job timed out follows from the reset', async () => {
    const job = { dev: BDF, lrc_seqno: 9, guc_id: 4, fence: 0xffff888000001000n };
    const made = dies(
      opened()
        .at(ms(3), APP)
        .event('xe:xe_sched_job_exec', job)
        .at(ms(50), WORKER)
        .event('xe:xe_sched_job_timedout', job),
      ms(100),
      kernel,
    )
      .at(ms(400), IDLE)
      .event('xe:xe_exec_queue_memory_cat_error', queue);
    expect(await findings(made, 'post-exit-gpu-fault')).toMatchObject([{ severity: 'info' }]);
  });

  it('a page fault of an ASID whose address space was freed is late', async () => {
    const fault = { dev: BDF, vma: 1, asid: 3, start: 0x10000, end: 0x1ffff, ptr: 0 };
    const served = opened().at(ms(50), WORKER).event('xe:xe_vma_pagefault', fault);
    expect(await findings(served, 'post-exit-gpu-fault')).toEqual([]);
    const late = served
      .at(ms(60), APP)
      .event('xe:xe_vm_free', vm)
      .at(ms(300), WORKER)
      .event('xe:xe_vma_pagefault', fault);
    const [found, ...more] = await findings(late, 'post-exit-gpu-fault');
    expect(more).toEqual([]);
    expect(found).toMatchObject({ severity: 'error', key: { pid: APP.tid } });
    expect(found?.summary).toContain('GPU address space of app');
  });

  it('an address space that is given the same ASID next is not the dead one', async () => {
    const fault = { dev: BDF, vma: 1, asid: 3, start: 0x10000, end: 0x1ffff, ptr: 0 };
    const made = dies(opened().at(ms(60), APP).event('xe:xe_vm_free', vm), ms(100), kernel)
      .at(ms(200), OTHER)
      .event('xe:xe_vm_create', vm)
      .at(ms(300), WORKER)
      .event('xe:xe_vma_pagefault', fault);
    expect(await findings(made, 'post-exit-gpu-fault')).toEqual([]);
  });

  it('TLB invalidations are a storm by their rate, and an error where nobody answers', async () => {
    const prefix = kernel === '6.12' ? 'xe_gt_tlb_invalidation_fence' : 'xe_tlb_inval_fence';
    const many = (count: number): Scenario => {
      const made = opened().at(ms(10), APP);
      for (let n = 0; n < count; n++) {
        const fence = { dev: BDF, fence: 0xffff888000009000n, seqno: n };
        made.event(`xe:${prefix}_send`, fence).after(50_000);
        made.event(`xe:${prefix}_signal`, fence).after(450_000);
      }
      return made;
    };
    expect(await findings(many(300), 'tlb-storm')).toEqual([]);
    expect(await findings(many(2500), 'tlb-storm')).toMatchObject([
      { severity: 'warn', key: { what: 'storm', pid: APP.tid } },
    ]);
    const fence = { dev: BDF, fence: 0xffff888000009000n, seqno: 1 };
    const hung = opened()
      .at(ms(10), APP)
      .event(`xe:${prefix}_send`, fence)
      .at(ms(270), WORKER)
      .event(`xe:${prefix}_timeout`, fence);
    expect(await findings(hung, 'tlb-storm')).toMatchObject([
      { severity: 'error', key: { what: 'timeout' } },
    ]);
  });

  it('a buffer that is evicted and comes back is thrashing, one that moves once is not', async () => {
    const move = (made: Scenario, at: number, from: string, to: string): Scenario =>
      made.at(ms(at), APP).event('xe:xe_bo_move', {
        bo: 0xffff88800000b000n,
        size: 4 << 20,
        old_placement_name: from,
        new_placement_name: to,
        device_id: BDF,
      });
    const there = move(opened(), 10, 'gtt', 'vram0');
    expect(await findings(there, 'migration-thrash')).toEqual([]);
    const made = [0, 1, 2, 3].reduce(
      (so, n) => move(move(so, 20 + n * 40, 'vram0', 'gtt'), 40 + n * 40, 'gtt', 'vram0'),
      there,
    );
    expect(await findings(made, 'migration-thrash')).toMatchObject([
      { severity: 'warn', confidence: 'likely', key: { object: '0xffff88800000b000' } },
    ]);
  });
});

describe.each(['6.1', '6.12', '7.2'] as const)('amdgpu of %s', (kernel) => {
  /** gfx9: client 0x1b (UTCL2), source 0; the page number is in src_data. */
  const fault = (made: Scenario, page: number, pasid = 32770): Scenario =>
    made.event('amdgpu:amdgpu_iv', {
      client_id: 0x1b,
      src_id: 0,
      vmid: 8,
      pasid,
      src_data: [page, 0, 0, 0],
    });
  const map = (made: Scenario, page: number): Scenario =>
    made.event('amdgpu:amdgpu_vm_bo_map', { bo: MM + BigInt(page), start: page, last: page + 15 });
  const PASID = { pasid: 32770 };
  const handedOn = (): Scenario =>
    map(
      dies(
        map(two(kernel).at(ms(2), APP).event('amdgpu:amdgpu_pasid_allocated', PASID), 0x1000),
        ms(100),
        kernel,
      )
        .after(ms(1))
        .event('amdgpu:amdgpu_pasid_freed', PASID)
        .at(ms(150), OTHER)
        .event('amdgpu:amdgpu_pasid_allocated', PASID),
      0x2000,
    );

  it('a fault at an address only the owner before had mapped reaches another process', async () => {
    const made = fault(handedOn().at(ms(300), IDLE), 0x1004);
    expect(await findings(made, 'post-exit-gpu-fault')).toMatchObject([
      {
        severity: 'critical',
        key: { what: 'cross-process', pid: APP.tid, victim: OTHER.tid, pasid: 32770 },
      },
    ]);
    expect(
      await findings(fault(handedOn().at(ms(300), IDLE), 0x2004), 'post-exit-gpu-fault'),
    ).toEqual([]);
  });

  it('a fault of a freed PASID that nobody has is late', async () => {
    const made = two(kernel)
      .at(ms(2), APP)
      .event('amdgpu:amdgpu_pasid_allocated', PASID)
      .at(ms(60), APP)
      .event('amdgpu:amdgpu_pasid_freed', PASID);
    expect(
      await findings(fault(made.at(ms(400), IDLE), 0x1004), 'post-exit-gpu-fault'),
    ).toMatchObject([{ severity: 'error', key: { pid: APP.tid } }]);
  });

  it('a fault that names a VMID alone is of the PASID it was granted to', async () => {
    const made = dies(
      two(kernel)
        .at(ms(2), APP)
        .event('amdgpu:amdgpu_pasid_allocated', PASID)
        .by(WORKER)
        .after(1000)
        .event('amdgpu:amdgpu_vm_grab_id', { ...PASID, vmid: 8, vm_hub: 0 }),
      ms(100),
      kernel,
    );
    expect(
      await findings(fault(made.at(ms(400), IDLE), 0x1004, 0), 'post-exit-gpu-fault'),
    ).toMatchObject([{ key: { pid: APP.tid, pasid: 32770 } }]);
  });
});

describe.each(['6.12', '7.2'] as const)('an Intel IOMMU of %s', (kernel) => {
  const DEV = '0000:00:02.0';
  const tag = { iommu: 'dmar1', dev: DEV, type: 1, pasid: 3, users: 1 };
  let sequence = 0;
  const request = (made: Scenario, group: number): Scenario =>
    made.event('intel_iommu:prq_report', {
      dw0: (3n << 32n) | (0x10n << 16n) | (1n << 8n),
      dw1: 0x7f0e4a1b2000n | (BigInt(group) << 3n) | 0b101n,
      iommu: 'dmar1',
      dev: DEV,
      seq: sequence++,
    });
  const answer = (made: Scenario, group: number, code = 0n): Scenario =>
    made.event('intel_iommu:qi_submit', {
      qw0: (3n << 32n) | (0x10n << 16n) | (code << 12n) | (1n << 4n) | 9n,
      qw1: BigInt(group) << 3n,
      iommu: 'dmar1',
    });
  const bound = (): Scenario => {
    sequence = 1;
    return answer(
      request(
        two(kernel).at(ms(2), APP).event('intel_iommu:cache_tag_assign', tag).at(ms(5), WORKER),
        1,
      ).after(20_000),
      1,
    );
  };

  it('answers what it is asked: nothing is wrong', async () => {
    const made = answer(request(bound().at(ms(10), WORKER), 2).after(ms(3)), 2)
      .at(s(3), APP)
      .exec('/bin/app');
    for (const detector of ['unanswered-page-request', 'post-exit-iommu-fault']) {
      expect(await findings(made, detector)).toEqual([]);
    }
  });

  it('leaves a request unanswered for seconds', async () => {
    const made = request(bound().at(ms(10), WORKER), 2);
    const later = made.at(s(3), APP).exec('/bin/app');
    expect(await findings(later, 'unanswered-page-request')).toMatchObject([
      { severity: 'error', confidence: 'likely', key: { what: 'unanswered', pid: APP.tid } },
    ]);
  });

  it('is not believed to have left it where events were lost', async () => {
    const made = request(bound().at(ms(10), WORKER), 2)
      .at(ms(500), WORKER)
      .loss(2, 40);
    const later = made.fence('init', 1, 1).at(s(3), APP).exec('/bin/app');
    expect(await findings(later, 'unanswered-page-request')).toMatchObject([
      { confidence: 'suspect' },
    ]);
  });

  it('refuses a request of a living process', async () => {
    const made = answer(request(bound().at(ms(10), WORKER), 2).after(9000), 2, 1n);
    expect(
      await findings(made.after(ms(10)).fence('init', 1, 1), 'unanswered-page-request'),
    ).toMatchObject([{ severity: 'warn', confidence: 'proven', key: { what: 'refused' } }]);
  });

  it('is asked after the death: by design while the PASID is bound, an error after', async () => {
    const dead = dies(bound(), ms(100), kernel);
    const early = answer(request(dead.at(ms(120), WORKER), 2).after(9000), 2, 1n);
    expect(await findings(early, 'post-exit-iommu-fault')).toMatchObject([
      { severity: 'warn', key: { pid: APP.tid, pasid: 3 } },
    ]);
    const unbound = early.at(ms(150), WORKER).event('intel_iommu:cache_tag_unassign', tag);
    const late = request(unbound.at(ms(200), WORKER), 3);
    expect(await findings(late, 'post-exit-iommu-fault')).toMatchObject([
      { severity: 'error', key: { pid: APP.tid, pasid: 3 } },
    ]);
  });

  it('answers a request of the dead in the time of the next owner: the next is reached', async () => {
    const dead = dies(request(bound().at(ms(99), WORKER), 2), ms(100), kernel);
    const given = dead
      .at(ms(110), WORKER)
      .event('intel_iommu:cache_tag_unassign', tag)
      .at(ms(120), OTHER)
      .event('intel_iommu:cache_tag_assign', tag);
    const made = answer(given.at(ms(140), WORKER), 2)
      .after(ms(5))
      .fence('init', 1, 1);
    expect(await findings(made, 'post-exit-iommu-fault')).toMatchObject([
      {
        severity: 'critical',
        key: { what: 'cross-process', pid: APP.tid, victim: OTHER.tid },
      },
    ]);
  });
});
