/** Events of GPU drivers and IOMMUs as text mean what they mean in binary recordings. */
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { printEvents } from '../src/commands/events.ts';
import type { Occurrence } from '../src/kernel/occurrence.ts';
import { recogniseAll } from './occurrences.ts';
import { type Kernel, type ScenarioFields, scenario } from './scenario/scenario.ts';
import { scratch } from './scratch.ts';

const BDF = '0000:03:00.0';
const POINTER = 0xffff888000001000n;

const QUEUE = { dev: BDF, class: 5, logical_mask: 1, gt_id: 0, width: 1, guc_id: 4 };
const JOB = { dev: BDF, seqno: 9, lrc_seqno: 9, guc_id: 4, fence: POINTER };
const VM = { dev: BDF, vm: POINTER, asid: 3 };
const VMA = { dev: BDF, vma: POINTER, asid: 3, start: 0x10000, end: 0x1ffff, ptr: 0x7f0000 };
const REQUEST = { dev: 0, ctx: 52, class: 1, instance: 0, seqno: 1022 };
const TAG = { iommu: 'dmar1', dev: '0000:00:02.0', type: 1, pasid: 3, users: 1 };

const SHARED: readonly (readonly [string, ScenarioFields])[] = [
  ['i915:i915_request_add', REQUEST],
  ['i915:i915_request_wait_begin', REQUEST],
  ['i915:i915_request_wait_end', REQUEST],
  ['i915:i915_request_retire', REQUEST],
  ['i915:i915_vma_bind', { obj: POINTER, vm: POINTER, offset: 0x1000, size: 0x2000 }],
  ['i915:i915_vma_unbind', { obj: POINTER, vm: POINTER, offset: 0x1000, size: 0x2000 }],
  ['i915:i915_ppgtt_create', { vm: POINTER, dev: 0 }],
  ['i915:i915_ppgtt_release', { vm: POINTER, dev: 0 }],
  ['amdgpu:amdgpu_vm_bo_map', { bo: POINTER, start: 0x7f0000, last: 0x7f000f }],
  ['amdgpu:amdgpu_vm_bo_unmap', { bo: POINTER, start: 0x7f0000, last: 0x7f000f }],
  ['amdgpu:amdgpu_bo_move', { bo: POINTER, bo_size: 4096, new_placement: 2, old_placement: 1 }],
  ['amdgpu:amdgpu_vm_grab_id', { pasid: 32770, vmid: 8, vm_hub: 1 }],
  ['amdgpu:amdgpu_vm_flush', { ring: 'gfx', vmid: 8, vm_hub: 1 }],
  ['amdgpu:amdgpu_pasid_allocated', { pasid: 32770 }],
  ['tlb:tlb_flush', { reason: 3, pages: 4 }],
  ['migrate:mm_migrate_pages_start', { mode: 1, reason: 5 }],
];
const NEWER: readonly (readonly [string, ScenarioFields])[] = [
  ['xe:xe_exec_queue_create', QUEUE],
  ['xe:xe_sched_job_exec', JOB],
  ['xe:xe_sched_job_run', JOB],
  ['xe:xe_sched_job_set_error', { ...JOB, error: -125 }],
  ['xe:xe_hw_fence_create', { dev: BDF, ctx: 61, seqno: 9, fence: POINTER }],
  ['xe:xe_hw_fence_signal', { dev: BDF, ctx: 61, seqno: 9, fence: POINTER }],
  ['xe:xe_exec_queue_memory_cat_error', QUEUE],
  ['xe:xe_vm_create', VM],
  ['xe:xe_vma_bind', VMA],
  ['xe:xe_vma_pagefault', VMA],
  ['xe:xe_vma_unbind', VMA],
  ['xe:xe_vm_free', VM],
  [
    'xe:xe_bo_move',
    {
      bo: POINTER,
      size: 4096,
      new_placement_name: 'vram0',
      old_placement_name: 'gtt',
      device_id: BDF,
    },
  ],
  ['intel_iommu:cache_tag_assign', TAG],
  ['intel_iommu:cache_tag_unassign', TAG],
];

/** Without what a text leaves out: the place in the file, digits of the stamp. */
function plain(occurrence: Occurrence): object {
  const { event: _event, ts: _ts, ...rest } = occurrence;
  return rest;
}

it.each(['6.1', '6.12', '7.2'] as const)('as trace-cmd prints them on %s', (kernel: Kernel) => {
  const made = scenario({ kernel }).at(1000, { tid: 77, comm: 'app' });
  for (const [name, fields] of kernel === '6.1' ? SHARED : [...SHARED, ...NEWER]) {
    made.after(1000).event(name, fields);
  }
  const path = made.file();
  let text = '';
  printEvents(path, { style: 'plugins' }, (chunk) => {
    text += chunk;
    return true;
  });
  const printed = `${scratch()}/report.txt`;
  writeFileSync(printed, text);
  const binary = recogniseAll(path).occurrences.map(plain);
  expect(binary.length).toBeGreaterThan(14);
  expect(recogniseAll(printed).occurrences.map(plain)).toEqual(binary);
});

it('page requests and their answers are read from what the kernel makes of them', () => {
  const lines = [
    '# tracer: nop',
    '#',
    '# entries-in-buffer/entries-written: 3/3   #P:3',
    '#',
    '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
    '   irq/27-dmar1-301   [001] .....   100.000010: prq_report: dmar1/0000:00:02.0 seq# 17: rid=0x10 addr=0x7f0e4a1b2 rw--l pasid=0x3 index=0x5',
    '     kworker/1:1-60   [001] .....   100.000110: qi_submit: page_grp_resp dmar1: 0x300101019 0x28 0x0 0x0',
    '     kworker/1:1-60   [001] .....   100.000210: cache_tag_flush_range: dmar1 0000:00:02.0[3] type devtlb did 1 [0x7f0000000000-0x7f0000003fff] addr 0x7f0000000000 pages 0x4 mask 0x2',
    '',
  ];
  const path = `${scratch()}/iommu.txt`;
  writeFileSync(path, lines.join('\n'));
  expect(recogniseAll(path).occurrences).toMatchObject([
    {
      kind: 'iommu.fault',
      pasid: 3,
      address: 0x7f0e4a1b2000n,
      device: '0000:00:02.0',
      request: { iommu: 'dmar1', rid: 0x10, group: 5, seq: 17, last: true, write: true },
    },
    { kind: 'page.response', iommu: 'dmar1', rid: 0x10, pasid: 3, group: 5, code: 1 },
    { kind: 'tlb.flush', pasid: 3, pages: 4, source: 'iommu device TLB' },
  ]);
});
