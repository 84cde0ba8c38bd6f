import type { Fields } from '../parsers/parser.ts';
import { plus, small, string, word } from './arguments.ts';
import type { Moment, Occurrence, Word } from './occurrence.ts';
import { kept, type Rule, rule, type Subsystem, sparseRule } from './subsystem.ts';

/** SOC15_IH_CLIENTID_VMC and _UTCL2 (soc15_ih_clientid.h): their source 0 is a VM fault since gfx9. */
const FAULT_CLIENTS: readonly number[] = [0x12, 0x1b];
/** VISLANDS30_IV_SRCID_GFX_PAGE_INV_FAULT and _MEM_PROT_FAULT: gfx8, which has no client ids. */
const LEGACY_FAULT_SOURCES: readonly number[] = [146, 147];
const PAGE_BYTES = 4096n;
const FAULT_IS_WRITE = 0x20;

/** drivers/gpu/drm/amd/amdgpu/amdgpu_trace.h, and the functions of amdgpu. */
export const amdgpu: Subsystem = {
  name: 'amdgpu',
  events: {
    'amdgpu:amdgpu_cs_ioctl': job('job.queue'),
    'amdgpu:amdgpu_sched_run_job': job('job.run'),
    'amdgpu:amdgpu_pasid_allocated': pasid('pasid.allocated'),
    'amdgpu:amdgpu_pasid_freed': pasid('pasid.freed'),
    'amdgpu:amdgpu_iv': sparseRule('device.fault', interruptVector),
    'amdgpu:amdgpu_vm_grab_id': rule('vmid.granted', (fields, moment) => ({
      kind: 'vmid.granted',
      driver: 'amdgpu',
      vmid: small(fields.vmid) ?? 0,
      hub: small(fields.vm_hub),
      pasid: small(fields.pasid) ?? 0,
      ...moment,
    })),
    'amdgpu:amdgpu_vm_bo_map': mapping('mapping.bound'),
    'amdgpu:amdgpu_vm_bo_unmap': mapping('mapping.unbound'),
    'amdgpu:amdgpu_vm_flush': rule('tlb.flush', (fields, moment) => ({
      kind: 'tlb.flush',
      source: 'amdgpu',
      dev: string(fields.ring),
      pasid: undefined,
      pages: undefined,
      ...moment,
    })),
    'amdgpu:amdgpu_bo_move': bufferMove(),
    // up to 4.12
    'amdgpu:amdgpu_ttm_bo_move': bufferMove(),
    'amdgpu:amdgpu_ib_pipe_sync': kept,
    'amdgpu:amdgpu_bo_create': kept,
    'amdgpu:amdgpu_isolation': kept,
    // one event per register, all of one reset (amdgpu_reset.c, amdgpu_reset_capture…)
    'amdgpu:amdgpu_reset_reg_dumps': rule('device.reset_start', (_fields, moment) =>
      reset('amdgpu_reset_reg_dumps', moment),
    ),
  },
  probes: {
    amdgpu_device_gpu_recover: {
      enter: rule('device.reset_start', (_fields, moment) =>
        reset('amdgpu_device_gpu_recover', moment),
      ),
    },
    amdgpu_gmc_flush_gpu_tlb_pasid: { enter: flushProbe() },
    amdgpu_gmc_flush_gpu_tlb: { enter: flushProbe() },
  },
  roles: {
    amdgpu_hmm_invalidate_gfx: 'invalidate-callback',
    amdgpu_hmm_invalidate_hsa: 'invalidate-callback',
    amdgpu_mn_invalidate_gfx: 'invalidate-callback',
    amdgpu_mn_invalidate_hsa: 'invalidate-callback',
    amdgpu_mn_invalidate_range_start_gfx: 'invalidate-callback',
    amdgpu_mn_invalidate_range_start_hsa: 'invalidate-callback',
    amdgpu_hmm_range_get_pages: 'range-fault-wrapper',
    amdgpu_ttm_tt_get_user_pages: 'range-fault-wrapper',
    amdgpu_vm_handle_fault: 'device-fault-handler',
    gmc_v9_0_process_interrupt: 'device-fault-handler',
    gmc_v10_0_process_interrupt: 'device-fault-handler',
    gmc_v11_0_process_interrupt: 'device-fault-handler',
    gmc_v12_0_process_interrupt: 'device-fault-handler',
  },
};

/** context:seqno of the finished fence; the timeline is its label and, in old kernels, the ring. */
function job(kind: 'job.queue' | 'job.run'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    ring: string(fields.ring) ?? string(fields.timeline) ?? '',
    dev: undefined,
    id: word(fields.sched_job_id),
    entity: undefined,
    // amdgpu_cs_ioctl declares a `fence` field and never assigns it
    fence: undefined,
    context: word(fields.context),
    seqno: word(fields.seqno),
    source: 'amdgpu',
    ...moment,
  }));
}

/** amdgpu_vm.c: page numbers, the last one inclusive; the VM is the calling process's. */
function mapping(kind: 'mapping.bound' | 'mapping.unbound'): Rule {
  return rule(kind, (fields, moment) => {
    const last = word(fields.last);
    return {
      kind,
      driver: 'amdgpu',
      dev: undefined,
      vm: undefined,
      asid: undefined,
      mapping: undefined,
      object: word(fields.bo),
      start: addressOf(word(fields.start)),
      end: last === undefined ? undefined : addressOf(plus(last, 1)),
      userptr: undefined,
      ...moment,
    };
  });
}

function addressOf(page: Word | undefined): Word | undefined {
  return page === undefined ? undefined : plus(BigInt(page) * PAGE_BYTES, 0);
}

/** TTM placements (include/drm/ttm/ttm_placement.h); amdgpu's own memories follow. */
const PLACEMENTS: readonly string[] = ['system', 'gtt', 'vram', 'gds', 'gws', 'oa'];

function bufferMove(): Rule {
  return rule('migration.buffer', (fields, moment) => {
    const place = (value: number | undefined) => PLACEMENTS[value ?? -1] ?? `placement ${value}`;
    return {
      kind: 'migration.buffer',
      source: 'amdgpu',
      dev: undefined,
      object: word(fields.bo),
      bytes: small(fields.bo_size),
      from: place(small(fields.old_placement)),
      to: place(small(fields.new_placement)),
      empty: false,
      ...moment,
    };
  });
}

function flushProbe(): Rule {
  return rule('tlb.flush', (fields, moment) => ({
    kind: 'tlb.flush',
    source: 'amdgpu',
    dev: undefined,
    pasid: small(fields.pasid),
    pages: undefined,
    ...moment,
  }));
}

function reset(what: string, moment: Moment): Occurrence {
  return {
    kind: 'device.reset_start',
    driver: 'amdgpu',
    sequence: undefined,
    cause: what,
    ...moment,
  };
}

function pasid(kind: 'pasid.allocated' | 'pasid.freed'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    driver: 'amdgpu',
    pasid: small(fields.pasid) ?? 0,
    ...moment,
  }));
}

/**
 * Every interrupt fires amdgpu_iv; a VM fault carries the page number in src_data[0] and the low
 * bits of [1], the access in bit 5 of [1] (gmc_v9_0.c, gmc_v10_0.c, gmc_v11_0.c process_interrupt).
 */
function interruptVector(fields: Fields, moment: Moment): Occurrence | undefined {
  const client = small(fields.client_id) ?? -1;
  const source = small(fields.src_id) ?? -1;
  const modern = source === 0 && FAULT_CLIENTS.includes(client);
  if (!modern && !(client === 0 && LEGACY_FAULT_SOURCES.includes(source))) return undefined;
  const data = fields.src_data;
  const [low = 0, high = 0] = Array.isArray(data) ? (data as readonly (number | bigint)[]) : [];
  const page = BigInt(low) | ((BigInt(high) & 0xfn) << 32n);
  return {
    kind: 'device.fault',
    driver: 'amdgpu',
    // vm_id and pas_id in 4.x
    pasid: small(fields.pasid ?? fields.pas_id),
    vmid: small(fields.vmid ?? fields.vm_id),
    asid: undefined,
    address: modern ? page * PAGE_BYTES : BigInt(low) * PAGE_BYTES,
    write: modern ? (Number(high) & FAULT_IS_WRITE) !== 0 : undefined,
    ...moment,
  };
}
