/** drivers/gpu/drm/xe: xe_gt_pagefault.c (xe_pagefault.c since 6.19), xe_guc_submit.c, xe_device.c. */
import type { LogParts } from './log-record.ts';
import type { Groups, LogSource } from './shape.ts';

const FAULT = ['gpu-page-fault'] as const;
const QUEUE = '(?:engine_)?class=(?<engine>\\w+), logical_mask: 0x[\\da-f]+, guc_id=(?<queue>\\d+)';

/** xe_pagefault_types.h (enum xe_pagefault_type, xe_pagefault_access_type); hardware engine classes. */
const FAULT_TYPES = ['not present', 'write access violation', 'atomic access violation'];
const ACCESS_TYPES = ['read', 'write', 'atomic'] as const;
const ENGINE_CLASSES = ['rcs', 'vcs', 'vecs', 'bcs', 'other', 'ccs'];

export const xe: LogSource = {
  name: 'xe',
  concerns: ({ driver, body }) =>
    driver === 'xe' || (driver === undefined && /^(?:Tile\d+: )?GT\d+:/.test(body)),
  trim: /^(?:Tile\d+: )?(?:GT\d+: )(?=\S)/,
  heads: [
    // one message of many lines: `grep xe` keeps the first, which says nothing
    { class: 'gpu-page-fault', line: /^$/, by: /pf_queue_work_func|pagefault/, body: 'needed' },
    { class: 'gpu-page-fault', line: /^(?:Tile\d+: )?GT\d+:$/, body: 'needed' },
    {
      class: 'fault-response',
      line: /^Fault response: Unsuccessful (?:-(?<errnoName>E\w+)|(?<errno>-?\d+))/,
      refine: answered,
    },
    {
      class: 'cat-error',
      line: new RegExp(`^Engine memory cat error(?: \\[\\d+\\])?: ${QUEUE}`, 'i'),
    },
    { class: 'engine-reset', line: new RegExp(`^Engine reset: ${QUEUE}`) },
    { class: 'engine-reset', line: /^(?<meaning>exec queue reset detected)/ },
    { class: 'vm-worker-error', line: /^VM worker error: (?<errno>-?\d+)/ },
    {
      class: 'job-timeout',
      line: /^Timedout job: seqno=(?<seqno>\d+), lrc_seqno=\d+, guc_id=(?<queue>\d+), flags=0x[\da-f]+ in (?<comm>.{0,64}?) \[(?<pid>-?\d+)\]/,
      refine: nobody,
    },
    {
      class: 'job-timeout-check',
      line: /^Check job timeout: seqno=(?<seqno>\d+), lrc_seqno=\d+, guc_id=(?<queue>\d+), (?<meaning>.{1,100})$/,
    },
    {
      class: 'tlb-timeout',
      line: /^TLB invalidation fence timeout, seqno=(?<seqno>\d+) recv=\d+/,
    },
    { class: 'firmware-timeout', line: /^(?<meaning>Schedule disable failed to respond)/ },
    { class: 'gpu-reset', line: /^reset started/ },
    { class: 'gpu-reset-step', line: /^(?<meaning>trying reset|reset queued)/ },
    { class: 'gpu-reset-done', line: /^reset done/ },
    { class: 'reset-failed', line: /^reset failed \((?:-?(?<errnoName>E\w+)|(?<errno>-?\d+))\)/ },
    { class: 'device-wedged', line: /^CRITICAL: Xe has declared device (?<device>\S+) as wedged/ },
    {
      class: 'device-coredump',
      line: /(?<meaning>\/sys\/class\/drm\/card\d+\/device\/devcoredump\/data)/,
    },
  ],
  parts: [
    { of: FAULT, line: /^ASID: (?<asid>\d+)$/, leads: 'gpu-page-fault' },
    { of: FAULT, line: /^(?:VFID|PDATA|FaultLevel|SRCID): / },
    { of: FAULT, line: /^Faulted Address: (?<address>0x[\da-f]+)/i },
    { of: FAULT, line: /^FaultType: (?<reason>\d+)/, refine: faultType },
    { of: FAULT, line: /^AccessType: (?<type>\d+)/, refine: accessType },
    { of: FAULT, line: /^EngineClass: (?<number>\d+)(?: (?<engine>\w+))?/, refine: engineClass },
    { of: FAULT, line: /^EngineInstance: (?<instance>\d+)/, last: FAULT, refine: engineInstance },
  ],
};

function faultType(parts: LogParts): void {
  const meaning = FAULT_TYPES[parts.reason ?? -1];
  if (meaning) parts.meaning = meaning;
}

function accessType(parts: LogParts, groups: Groups): void {
  const access = ACCESS_TYPES[Number(groups.type)];
  if (access) parts.access = access;
}

function engineClass(parts: LogParts, groups: Groups): void {
  parts.engine ??= ENGINE_CLASSES[Number(groups.number)] ?? `class ${groups.number}`;
}

function engineInstance(parts: LogParts, groups: Groups): void {
  parts.engine = `${parts.engine ?? ''}${groups.instance}`;
}

/** xe_pagefault_handle_vma and its callers. */
function answered(parts: LogParts): void {
  if (parts.errno === -22) parts.meaning = 'the VM is not in fault mode, or no VMA is there';
}

/** The queue of a process that is gone has none: `in no process [-1]`. */
function nobody(parts: LogParts): void {
  if (parts.pid !== undefined && parts.pid < 0) {
    delete parts.pid;
    delete parts.comm;
  }
}
