import type { Fields } from '../parsers/parser.ts';
import { small, string, word } from './arguments.ts';
import type { Moment, Occurrence, Word } from './occurrence.ts';
import { kept, type Rule, rule, type Subsystem } from './subsystem.ts';

const PAGE_BYTES = 4096;
const DRIVER = 'amdkfd';

/**
 * amdkfd has no tracepoints; these are its functions by probe, and its SMI events, drivers/gpu/drm/amd/amdkfd/kfd_smi_events.c.
 * Addresses and sizes are pages of 4 KiB there.
 */
export const amdkfd: Subsystem = {
  name: 'amdkfd',
  events: {
    'kfd_smi:vmfault': rule('device.fault', (_fields, moment) =>
      fault(moment, undefined, undefined),
    ),
    'kfd_smi:page_fault_start': rule('device.fault', (fields, moment) =>
      fault(moment, bytes(fields.addr), string(fields.rw) === 'W'),
    ),
    'kfd_smi:page_fault_end': rule('device.fault_end', faultEnd),
    'kfd_smi:migrate_start': rule('migration.start', migrationStart),
    'kfd_smi:migrate_end': rule('migration.end', migrationEnd),
    'kfd_smi:queue_eviction': rule('queue.evict', (fields, moment) => ({
      kind: 'queue.evict',
      driver: DRIVER,
      pid: moment.tid,
      node: small(fields.node) ?? 0,
      trigger: small(fields.trigger),
      ...moment,
    })),
    'kfd_smi:queue_restore': restore((fields) => string(fields.rescheduled) === 'R'),
    'kfd_smi:queue_restore_rescheduled': restore(() => true),
    // restored or not: the log of ROCm's runtime does not show it
    'kfd_smi:queue_restore_either': kept,
    'kfd_smi:unmap_from_gpu': rule('range.unmap', (fields, moment) => ({
      kind: 'range.unmap',
      driver: DRIVER,
      pid: moment.tid,
      node: small(fields.node) ?? 0,
      start: bytes(fields.addr) ?? 0,
      bytes: bytes(fields.size) ?? 0,
      trigger: small(fields.trigger),
      ...moment,
    })),
    'kfd_smi:gpu_pre_reset': reset('device.reset_start'),
    'kfd_smi:gpu_post_reset': reset('device.reset_end'),
    'kfd_smi:thermal_throttle': kept,
    'kfd_smi:process_start': kept,
    'kfd_smi:process_end': kept,
    'kfd_smi:dropped_event': kept,
  },
  roles: {
    // kfd_svm.c
    svm_range_cpu_invalidate_pagetables: 'invalidate-callback',
    svm_range_validate_and_map: 'range-fault-wrapper',
    svm_range_restore_pages: 'range-fault-wrapper',
    // work items that let evicted queues run again, and queue themselves anew where they cannot
    svm_range_restore_work: 'restore-worker',
    amdgpu_amdkfd_restore_userptr_worker: 'restore-worker',
  },
};

/** The pid is that of the process, and the event has no other thread. */
function fault(moment: Moment, address: Word | undefined, write: boolean | undefined): Occurrence {
  return {
    kind: 'device.fault',
    driver: DRIVER,
    pasid: undefined,
    vmid: undefined,
    asid: undefined,
    address,
    write,
    ...moment,
  };
}

/** svm_range_restore_pages: 'M' when pages were migrated, 'U' when only the page table was updated. */
function faultEnd(fields: Fields, moment: Moment): Occurrence {
  const how = string(fields.migrate_update);
  return {
    kind: 'device.fault_end',
    driver: DRIVER,
    pid: moment.tid,
    node: small(fields.node) ?? 0,
    address: bytes(fields.addr) ?? 0,
    migrated: how === undefined ? undefined : how === 'M',
    ...moment,
  };
}

function migrationStart(fields: Fields, moment: Moment): Occurrence {
  return {
    kind: 'migration.start',
    driver: DRIVER,
    pid: moment.tid,
    start: bytes(fields.start) ?? 0,
    bytes: bytes(fields.size) ?? 0,
    from: small(fields.from) ?? 0,
    to: small(fields.to) ?? 0,
    trigger: small(fields.trigger),
    prefetch: small(fields.prefetch_loc),
    preferred: small(fields.preferred_loc),
    ...moment,
  };
}

function migrationEnd(fields: Fields, moment: Moment): Occurrence {
  return {
    kind: 'migration.end',
    driver: DRIVER,
    pid: moment.tid,
    start: bytes(fields.start) ?? 0,
    bytes: bytes(fields.size) ?? 0,
    from: small(fields.from) ?? 0,
    to: small(fields.to) ?? 0,
    trigger: small(fields.trigger),
    error: small(fields.error_code),
    ...moment,
  };
}

function restore(isRescheduled: (fields: Fields) => boolean): Rule {
  return rule('queue.restore', (fields, moment) => ({
    kind: 'queue.restore',
    driver: DRIVER,
    pid: moment.tid,
    node: small(fields.node) ?? 0,
    rescheduled: isRescheduled(fields),
    ...moment,
  }));
}

function reset(kind: 'device.reset_start' | 'device.reset_end'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    driver: DRIVER,
    sequence: small(fields.reset_seq_num),
    cause: string(fields.reset_cause),
    ...moment,
  }));
}

function bytes(pages: Fields[string] | undefined): Word | undefined {
  const value = word(pages);
  if (value === undefined) return undefined;
  const exact = BigInt.asUintN(64, BigInt(value) * BigInt(PAGE_BYTES));
  return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact;
}
