/** drivers/gpu/drm/i915: i915_gpu_error.c, gt/intel_reset.c, i915_sw_fence.c, i915_gem_userptr.c. */
import type { LogSource } from './shape.ts';

/** Up to 5.5 the messages come without the driver's name. */
const UNNAMED =
  /^(?:GPU HANG: |Resetting |Asynchronous wait on fence |Fence expiration time out |\S+ reset request timed out|.{1,80}context reset due to GPU hang)/;

export const i915: LogSource = {
  name: 'i915',
  concerns: ({ driver, body }) => driver === 'i915' || (driver === undefined && UNNAMED.test(body)),
  trim: /^(?:GT\d+: )?(?:GUC: )?/,
  heads: [
    {
      class: 'gpu-hang',
      line: /^GPU HANG: ecode (?<meaning>[\da-fx:]+)(?:, in (?<comm>.{0,64}?) \[(?<pid>\d+)\])?(?:,.{0,40}hang on (?<engine>\w+))?/i,
    },
    { class: 'gpu-reset', line: /^Resetting chip for (?<meaning>.{1,200})$/ },
    { class: 'engine-reset', line: /^Resetting (?<engine>\S+) for (?<meaning>.{1,200})$/ },
    { class: 'reset-failed', line: /^(?<engine>\S+) reset request timed out/ },
    {
      class: 'reset-failed',
      line: /^Engine reset failed on \d+:\d+ \((?<engine>\w+)\) because (?<statusHex>0x[\da-f]+)/i,
    },
    {
      class: 'context-reset',
      line: /^(?<comm>.{1,64}?)\[(?<pid>\d+)\] context reset due to GPU hang/,
    },
    {
      class: 'fence-timeout',
      line: /^Asynchronous wait on fence (?<fence>.{1,200}:(?<seqnoHex>[\da-f]+)) timed out \(hint:(?<function>[\w.]+)/,
    },
    {
      class: 'fence-timeout',
      line: /^Fence expiration time out i915-(?<fence>.{1,200}:(?<seqnoHex>[\da-f]+))!/,
    },
    { class: 'userptr-failed', line: /^\((?<errno>-?\d+)\) failed to wait for idle/ },
  ],
};
