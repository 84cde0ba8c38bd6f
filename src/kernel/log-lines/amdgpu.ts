/**
 * drivers/gpu/drm/amd/amdgpu. The text of a VM fault changed with nearly every GPU generation and
 * release: gmc_v8_0.c, gmc_v9_0.c, gmc_v10_0.c, gmc_v11_0.c, gmc_v12_0.c (…_process_interrupt).
 */
import type { LogParts } from './log-record.ts';
import type { LogSource } from './shape.ts';

const WHO = '(?<comm>.{0,64}?) pid (?<pid>\\d+) thread (?<thread>.{0,64}?) pid (?<tid>\\d+)';
const FAULT = ['gpu-page-fault'] as const;
/** A register that reads as all ones is of a device that does not answer. */
const DEAD = 0xffffffff;

export const amdgpu: LogSource = {
  name: 'amdgpu',
  concerns: ({ driver, function: by, body }) =>
    driver === 'amdgpu' ||
    driver === 'radeon' ||
    by?.startsWith('amdgpu') === true ||
    // up to 4.9 without driver and device
    (driver === undefined && /^(?:VM fault \(|GPU fault detected)/.test(body)),
  heads: [
    {
      class: 'gpu-page-fault',
      line: new RegExp(
        `^\\[(?<engine>\\w+)\\] (?:(?<retry>retry|no-retry) )?(?:VMC )?page fault \\(src_id:\\d+ ring:\\d+ vm_?id:(?<vmid>\\d+) pas_?id:(?<pasid>\\d+)(?:, for process ${WHO})?\\)`,
      ),
      body: 'needed',
      refine: kernelSpace,
    },
    {
      class: 'gpu-page-fault',
      line: new RegExp(`^GPU fault detected: \\d+ 0x[\\da-f]+(?: for process ${WHO})?`, 'i'),
      body: 'needed',
    },
    {
      class: 'ring-timeout',
      line: /^ring (?<engine>\S+) timeout, signaled seq=(?<seqno>\d+), emitted seq=(?<emitted>\d+)/,
      body: 'optional',
    },
    {
      class: 'ring-timeout',
      line: /^ring (?<engine>\S+) timeout, but soft recovered/,
      adds: { meaning: 'soft recovered, no reset' },
    },
    { class: 'ring-timeout', line: /^ring (?<engine>\S+) timeout/, body: 'optional' },
    { class: 'ring-reset', line: /^Starting (?<engine>\S+) ring reset/ },
    { class: 'ring-reset', line: /^Ring (?<engine>\S+) reset (?<meaning>succe\w+)/i },
    { class: 'ring-reset-failed', line: /^Ring (?<engine>\S+) reset (?:failed|failure)/i },
    {
      class: 'ring-reset-failed',
      line: /^(?<meaning>reset via MES failed and try pipe reset) (?<errno>-?\d+)/,
    },
    { class: 'ring-reset-failed', line: /^(?<meaning>The CPFW hasn't support pipe reset yet)/ },
    { class: 'gpu-reset', line: /^GPU (?:reset|recovery) begin!(?:\. *Source: *(?<reason>\d+))?/i },
    {
      class: 'gpu-reset-step',
      line: /^(?:GPU )?(?<meaning>(?:(?:smu|psp) )?mode[12]|BACO|pci config) reset/i,
    },
    { class: 'gpu-reset-done', line: /^GPU reset succeeded, trying to resume/ },
    { class: 'gpu-reset-done', line: /^GPU reset\((?<running>\d+)\) succeeded!/ },
    { class: 'gpu-reset-done', line: /^GPU reset end with ret = 0$/ },
    { class: 'reset-failed', line: /^GPU reset end with ret = (?<errno>-?\d+)/ },
    { class: 'reset-failed', line: /^GPU Recovery Failed: (?<errno>-?\d+)/i },
    { class: 'reset-failed', line: /^GPU reset\((?<running>\d+)\) failed/ },
    { class: 'vram-lost', line: /^VRAM is lost due to GPU reset!/ },
    { class: 'submit-refused', line: /^Failed to initialize parser (?<errno>-125)!/ },
    { class: 'submit-failed', line: /^Failed to initialize parser (?<errno>-?\d+)!/ },
    {
      class: 'submit-failed',
      line: /^Not enough memory for command submission!/,
      adds: { errno: -12 },
    },
    {
      class: 'firmware-timeout',
      line: /^MES(?:\(\d+\))? failed to (?:response|respond to) msg=(?<meaning>[\w ]+)/,
    },
    {
      class: 'firmware-timeout',
      line: /^(?<meaning>MES might be in unrecoverable state), issue a GPU reset/,
    },
    {
      class: 'interrupt-missed',
      line: /^Fence fallback timer expired on ring (?<engine>\S+)/,
    },
    {
      class: 'unplug',
      line: /device unplugged skipping recovery on scheduler:(?<engine>\S+)/,
    },
    { class: 'unplug', line: /^device lost from bus!/ },
    { class: 'unplug', line: /^finishing device\./, adds: { meaning: 'the driver lets go of it' } },
    {
      class: 'userptr-failed',
      line: /^\((?<errno>-?\d+)\) failed to wait for user bo/,
    },
    { class: 'wave-error', line: /^sq_intr: error, (?<meaning>.{1,200})$/ },
    {
      class: 'device-coredump',
      line: /(?<meaning>\/sys\/class\/drm\/card\d+\/device\/devcoredump\/data)/,
    },
  ],
  parts: [
    {
      // 5.x to 6.8 `Process information: process …`; gfx9 6.10 `for process`, gfx11 6.12 `in process`
      of: ['gpu-page-fault', 'ring-timeout'],
      line: new RegExp(
        `^(?:Process information: process|[Ff]or process|[Ii]n process|Process) ${WHO}`,
      ),
      last: ['ring-timeout'],
    },
    {
      of: FAULT,
      line: /^(?:in page starting at address|at page) (?<address>0x[\da-f]+) from (?:(?:IH )?client )?(?<client>.{1,80})$/i,
      leads: 'gpu-page-fault',
    },
    {
      of: FAULT,
      line: /^VM fault \(0x[\da-f]+, vmid (?<vmid>\d+)(?:, pasid (?<pasid>\d+))?\) at page (?<page>\d+), (?<access>read|write) from '(?<client>[^']*)'/i,
      last: FAULT,
      leads: 'gpu-page-fault',
    },
    { of: FAULT, line: /^VM_CONTEXT1_PROTECTION_FAULT_ADDR\s+0x(?<pageHex>[\da-f]+)/i },
    {
      of: FAULT,
      line: /^(?:\w*VM_L2|VM_CONTEXT1)_PROTECTION_FAULT_STATUS(?:_LO32)?:?\s*(?<statusHex>0x[\da-f]+)/i,
      refine: distrustStatus,
    },
    { of: FAULT, line: /^Faulty UTCL2 client ID: (?<client>.{1,40})$/ },
    { of: FAULT, line: /^(?:MORE_FAULTS|WALKER_ERROR|PERMISSION_FAULTS|MAPPING_ERROR): 0x/ },
    { of: FAULT, line: /^cookie node_id \d+ fault from die/ },
    { of: FAULT, line: /^RW: (?<rw>0x[01])/, last: FAULT, refine: readWrite },
  ],
};

function kernelSpace(parts: LogParts): void {
  if (parts.vmid === 0 && parts.pasid === 0) parts.hint = 'address space of the kernel itself';
}

function distrustStatus(parts: LogParts): void {
  if (parts.status === 0) {
    parts.hint = 'status register already cleared: access and permissions are not known';
  }
  if (parts.status === DEAD) parts.hint = 'the device does not answer: registers read as all ones';
}

/** The fields are those of the status register: they mean nothing when it was read too late. */
function readWrite(parts: LogParts, groups: Readonly<Record<string, string | undefined>>): void {
  if (parts.status === 0 || parts.status === DEAD) return;
  parts.access = groups.rw === '0x1' ? 'write' : 'read';
}
