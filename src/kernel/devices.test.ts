/** Events of GPU drivers and IOMMUs in the formats of real kernels, through the writer and the parser. */
import { describe, expect, it } from 'vitest';
import { recogniseAll } from '../../test/occurrences.ts';
import { type Kernel, type ScenarioFields, scenario } from '../../test/scenario/scenario.ts';
import type { Occurrence } from './occurrence.ts';

type Put = readonly [event: string, fields?: ScenarioFields];

function told(kernel: Kernel, events: readonly Put[], probes: readonly string[] = []) {
  const made = scenario({ kernel, probes }).at(1000, { tid: 77, comm: 'app' });
  for (const [event, fields] of events) {
    if (event.includes(':')) made.after(10).event(event, fields);
    else made.after(10).probe(event, fields);
  }
  return recogniseAll(made.file());
}

function only(kernel: Kernel, event: string, fields: ScenarioFields): Occurrence | undefined {
  const { occurrences } = told(kernel, [[event, fields]]);
  expect(occurrences.length).toBeLessThan(2);
  return occurrences[0];
}

const BDF = '0000:03:00.0';

describe.each(['6.12', '7.2'] as const)('xe of %s', (kernel) => {
  it('tells of jobs by queue, number and hardware fence', () => {
    const job = { dev: BDF, seqno: 9, lrc_seqno: 9, guc_id: 4, fence: 0xffff888000001000n };
    const { occurrences } = told(kernel, [
      ['xe:xe_hw_fence_create', { dev: BDF, ctx: 61, seqno: 9, fence: job.fence }],
      ['xe:xe_sched_job_exec', job],
      ['xe:xe_sched_job_run', job],
      ['xe:xe_sched_job_timedout', job],
      ['xe:xe_sched_job_set_error', { ...job, error: -125 }],
      ['xe:xe_hw_fence_signal', { dev: BDF, ctx: 61, seqno: 9, fence: job.fence }],
      ['xe:xe_sched_job_free', job],
    ]);
    expect(occurrences).toMatchObject([
      { kind: 'job.fence_named', fence: job.fence, context: 61, seqno: 9 },
      { kind: 'job.queue', source: 'xe', dev: BDF, queue: 4, id: 9, fence: job.fence, tid: 77 },
      { kind: 'job.run', id: 9, fence: job.fence },
      { kind: 'job.failed', what: 'timeout', error: undefined, fence: job.fence },
      { kind: 'job.failed', what: 'error', error: -125 },
      { kind: 'job.done', context: 61, seqno: 9, fence: job.fence },
      { kind: 'job.done', id: 9 },
    ]);
    const rings = occurrences.map((one) => ('ring' in one ? one.ring : undefined));
    expect(rings[1]).toBe(kernel === '6.12' ? `${BDF} guc_id 4` : `${BDF} gt 0 guc_id 4`);
  });

  it('tells of queues with their engine, and of what became of them', () => {
    const queue = { dev: BDF, class: 5, guc_id: 7, gt_id: 1 };
    const names = ['create', 'reset', 'kill', 'close', 'destroy'];
    const { occurrences } = told(
      kernel,
      names.map((name): Put => [`xe:xe_exec_queue_${name}`, queue]),
    );
    expect(occurrences).toMatchObject([
      { kind: 'queue.created', engine: 'ccs', number: 7, gt: 1, dev: BDF },
      { kind: 'queue.state', state: 'reset', number: 7 },
      { kind: 'queue.state', state: 'killed' },
      { kind: 'queue.state', state: 'closed' },
      { kind: 'queue.destroyed', number: 7 },
    ]);
    expect(only(kernel, 'xe:xe_exec_queue_memory_cat_error', queue)).toMatchObject({
      kind: 'device.fault',
      driver: 'xe',
      queue: 7,
      gt: 1,
      address: undefined,
    });
  });

  it('tells of mappings, whose end is inclusive and whose userptr is 0 for buffers', () => {
    const vma = {
      dev: BDF,
      vma: 0xffff888000002000n,
      asid: 3,
      start: 0x7f0000000000n,
      end: 0x7f00001fffffn,
    };
    const { occurrences } = told(kernel, [
      ['xe:xe_vm_create', { dev: BDF, vm: 0xffff888000003000n, asid: 3 }],
      ['xe:xe_vma_bind', { ...vma, ptr: vma.start }],
      ['xe:xe_vma_pf_bind', { ...vma, ptr: 0 }],
      ['xe:xe_vma_unbind', { ...vma, ptr: 0 }],
      ['xe:xe_vm_free', { dev: BDF, vm: 0xffff888000003000n, asid: 3 }],
    ]);
    expect(occurrences).toMatchObject([
      { kind: 'vm.created', vm: 0xffff888000003000n, asid: 3 },
      {
        kind: 'mapping.bound',
        mapping: vma.vma,
        start: 0x7f0000000000,
        end: 0x7f0000200000,
        userptr: 0x7f0000000000,
      },
      { kind: 'mapping.bound', userptr: undefined },
      { kind: 'mapping.unbound' },
      { kind: 'vm.freed', asid: 3 },
    ]);
  });

  it('tells of moved buffers and of TLB invalidations, under their old and new names', () => {
    const move = {
      bo: 1,
      size: 65536,
      new_placement_name: 'VRAM',
      old_placement_name: 'GTT',
      device_id: BDF,
      move_lacks_source: false,
    };
    expect(only(kernel, 'xe:xe_bo_move', move)).toMatchObject({
      kind: 'migration.buffer',
      from: 'GTT',
      to: 'VRAM',
      bytes: 65536,
      empty: false,
    });
    const prefix = kernel === '6.12' ? 'xe_gt_tlb_invalidation_fence' : 'xe_tlb_inval_fence';
    const fence = { dev: BDF, fence: 5, seqno: 12 };
    const { occurrences } = told(kernel, [
      [`xe:${prefix}_send`, fence],
      [`xe:${prefix}_recv`, fence],
      [`xe:${prefix}_signal`, fence],
      [`xe:${prefix}_timeout`, fence],
    ]);
    expect(occurrences).toMatchObject([
      { kind: 'tlb.sent', seqno: 12, fence: 5, dev: BDF },
      { kind: 'tlb.answered' },
      { kind: 'tlb.timeout' },
    ]);
  });
});

describe.each(['6.12', '7.2'] as const)('the power of xe on %s', (kernel) => {
  it('is told by device; sleeping at run time is another matter', () => {
    const { occurrences } = told(kernel, [
      ['xe:xe_pm_suspend', { dev: BDF }],
      ['xe:xe_pm_runtime_suspend', { dev: BDF }],
    ]);
    expect(occurrences).toMatchObject([
      { kind: 'device.power', what: 'suspend', driver: 'xe', name: BDF },
      { kind: 'device.power', what: 'runtime suspend' },
    ]);
  });
});

describe('i915', () => {
  const request = { dev: 0, ctx: 52, class: 1, instance: 0, seqno: 1022 };

  it.each(['6.1', '6.12', '7.2'] as const)('of %s names requests by ctx:seqno', (kernel) => {
    const { occurrences } = told(kernel, [
      ['i915:i915_request_queue', request],
      ['i915:i915_request_add', request],
      ['i915:i915_request_wait_begin', request],
      ['i915:i915_request_wait_end', request],
      ['i915:i915_request_retire', request],
    ]);
    expect(occurrences).toMatchObject([
      { kind: 'job.queue', context: 52, seqno: 1022, ring: '1:0', id: undefined },
      { kind: 'fence.wait_call', context: 52, seqno: 1022 },
      { kind: 'fence.wait_return' },
      { kind: 'job.done', context: 52, seqno: 1022 },
    ]);
  });

  it('binds objects by address space and offset', () => {
    const vma = { obj: 1, vm: 0xffff888000003000n, offset: 0x1000, size: 0x2000 };
    expect(only('6.12', 'i915:i915_vma_bind', vma)).toMatchObject({
      kind: 'mapping.bound',
      vm: 0xffff888000003000n,
      start: 0x1000,
      end: 0x3000,
    });
  });
});

describe.each(['6.1', '6.12', '7.2'] as const)('amdgpu of %s', (kernel) => {
  it('counts its mappings in pages, the last one inclusive', () => {
    const pages = { bo: 9, start: 0x7f0000000n, last: 0x7f00000ffn };
    expect(only(kernel, 'amdgpu:amdgpu_vm_bo_map', pages)).toMatchObject({
      kind: 'mapping.bound',
      object: 9,
      start: 0x7f0000000000,
      end: 0x7f0000100000,
    });
    expect(only(kernel, 'amdgpu:amdgpu_vm_bo_unmap', pages)).toMatchObject({
      kind: 'mapping.unbound',
    });
  });

  it('moves buffers between named places and grants VMIDs', () => {
    const move = { bo: 9, bo_size: 4096, new_placement: 2, old_placement: 1 };
    expect(only(kernel, 'amdgpu:amdgpu_bo_move', move)).toMatchObject({
      kind: 'migration.buffer',
      from: 'gtt',
      to: 'vram',
      bytes: 4096,
    });
    const grab = { pasid: 32770, vmid: 8, vm_hub: 1, pd_addr: 1, needs_flush: 1 };
    expect(only(kernel, 'amdgpu:amdgpu_vm_grab_id', grab)).toMatchObject({
      kind: 'vmid.granted',
      vmid: 8,
      hub: 1,
      pasid: 32770,
    });
  });

  it('keeps no row of the interrupts that are no faults', () => {
    const { rows } = told(kernel, [
      ['amdgpu:amdgpu_iv', { client_id: 0x1b, src_id: 181 }],
      ['amdgpu:amdgpu_iv', { client_id: 0x1b, src_id: 0, pasid: 5 }],
    ]);
    expect(rows).toHaveLength(1);
  });
});

describe.each(['6.1', '6.12', '7.2'] as const)('an Intel IOMMU of %s', (kernel) => {
  const RID = 0x0010n;

  it('names a page request by requester, PASID and group', () => {
    const request = {
      dw0: (3n << 32n) | (RID << 16n) | (1n << 8n),
      dw1: 0x7f0e4a1b2000n | (5n << 3n) | 0b110n,
      seq: 17,
      iommu: 'dmar1',
      dev: '0000:00:02.0',
    };
    expect(only(kernel, 'intel_iommu:prq_report', request)).toMatchObject({
      kind: 'iommu.fault',
      device: '0000:00:02.0',
      pasid: 3,
      address: 0x7f0e4a1b2000n,
      request: { iommu: 'dmar1', rid: 0x10, group: 5, seq: 17, last: true, write: true },
    });
  });

  it('answers it through the invalidation queue, whose other entries mean nothing', () => {
    const INVALID = 1n;
    const answer = (3n << 32n) | (RID << 16n) | (INVALID << 12n) | (1n << 4n) | 9n;
    const { occurrences, rows } = told(kernel, [
      ['intel_iommu:qi_submit', { qw0: 5, iommu: 'dmar1' }],
      ['intel_iommu:qi_submit', { qw0: 2, iommu: 'dmar1' }],
      ['intel_iommu:qi_submit', { qw0: answer, qw1: 5n << 3n, iommu: 'dmar1' }],
    ]);
    expect(occurrences).toMatchObject([
      { kind: 'page.response', iommu: 'dmar1', rid: 0x10, pasid: 3, group: 5, code: 1 },
    ]);
    expect(rows).toHaveLength(1);
  });
});

describe.each(['6.12', '7.2'] as const)('the cache tags of %s', (kernel) => {
  const tag = { iommu: 'dmar1', dev: '0000:00:02.0', type: 1, pasid: 3, users: 1 };

  it('bind a PASID to a device until their last user leaves', () => {
    const { occurrences } = told(kernel, [
      ['intel_iommu:cache_tag_assign', tag],
      ['intel_iommu:cache_tag_assign', { ...tag, type: 0, dev: 'dmar1' }],
      ['intel_iommu:cache_tag_assign', { ...tag, pasid: 0 }],
      ['intel_iommu:cache_tag_unassign', { ...tag, users: 2 }],
      ['intel_iommu:cache_tag_unassign', tag],
    ]);
    expect(occurrences).toMatchObject([
      { kind: 'pasid.allocated', driver: 'iommu', pasid: 3, dev: '0000:00:02.0' },
      { kind: 'pasid.allocated', dev: undefined },
      { kind: 'pasid.freed', pasid: 3, dev: '0000:00:02.0' },
    ]);
  });

  it('are flushed for a range of pages; without a PASID it is the DMA API', () => {
    const { users: _, ...named } = tag;
    const range = { ...named, start: 0x7f0000000000n, end: 0x7f0000003fffn };
    const { occurrences, rows } = told(kernel, [
      ['intel_iommu:cache_tag_flush_range', range],
      ['intel_iommu:cache_tag_flush_range', { ...range, pasid: 0 }],
    ]);
    expect(occurrences).toMatchObject([{ kind: 'tlb.flush', pasid: 3, pages: 4 }]);
    expect(rows).toHaveLength(1);
  });
});

describe('migrations', () => {
  const PROBES = [
    'p:svm/migrate_setup migrate_vma_setup start=+40($arg1):x64 end=+48($arg1):x64 flags=+64($arg1):x64 fault_page=+72($arg1):x64',
    'r:svm/migrate_setup_ret migrate_vma_setup ret=$retval:s32',
    'p:svm/mvfin migrate_vma_finalize start=+40($arg1):x64 end=+48($arg1):x64',
  ];
  const range = { start: 0x7fd65d92c000n, end: 0x7fd65d92d000n };

  it('have the direction of the pages they pick, and a CPU fault behind those it brings back', () => {
    const { occurrences } = told(
      '6.12',
      [
        ['migrate_setup', { ...range, flags: 1 }],
        ['migrate_setup_ret', { ret: 0 }],
        ['mvfin', range],
        ['migrate_setup', { ...range, flags: 2, fault_page: 0xffd40003f3ffffc0n }],
        ['migrate_setup_ret', { ret: -22 }],
        ['migrate_setup', { ...range, flags: 3 }],
      ],
      PROBES,
    );
    expect(occurrences).toMatchObject([
      { kind: 'migrate_vma.setup', from: 'system', to: 'device', cpuFault: false },
      { kind: 'migrate_vma.end', ret: 0, start: 0x7fd65d92c000 },
      { kind: 'migrate_vma.setup', from: 'device', to: 'system', cpuFault: true },
      { kind: 'migrate_vma.end', ret: -22 },
      { kind: 'migrate_vma.setup', from: undefined, to: undefined },
    ]);
  });

  it('of the kernel itself have a reason and no addresses', () => {
    const { occurrences } = told('6.12', [
      ['migrate:mm_migrate_pages_start', { mode: 0, reason: 5 }],
      ['migrate:mm_migrate_pages', { succeeded: 3, reason: 5 }],
    ]);
    expect(occurrences).toMatchObject([
      { kind: 'migrate_pages.start', reason: 'numa_misplaced' },
      { kind: 'migrate_pages.end', pages: 3 },
    ]);
  });
});

describe('TLB flushes of the CPUs', () => {
  it('count where they are begun, not at a task switch or for another CPU', () => {
    const reasons = [0, 1, 2, 3, 4];
    const { occurrences } = told(
      '6.12',
      reasons.map((reason): Put => ['tlb:tlb_flush', { reason, pages: reason === 3 ? -1 : 4 }]),
    );
    expect(occurrences).toMatchObject([
      { kind: 'tlb.flush', source: 'cpu', pages: 4 },
      { kind: 'tlb.flush', pages: undefined },
    ]);
  });
});
