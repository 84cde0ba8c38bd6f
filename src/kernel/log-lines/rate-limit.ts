/**
 * lib/ratelimit.c: messages left out. The count belongs to the function named, whatever device it
 * spoke of: at least as many happenings are not in the log.
 */
import type { LogSource } from './shape.ts';

const OURS =
  '(?:gmc_v|amdgpu|svm_|kfd_|dmar_|qi_|prq_|amd_iommu|iommu_|intel_|arm_smmu|arm_lpae|xe_|i915|gen8_|nouveau|nvkm|gf100_|drm_|dma_fence)';

export const rateLimit: LogSource = {
  name: 'rate-limit',
  concerns: ({ body }) => body.endsWith('callbacks suppressed'),
  heads: [
    {
      class: 'suppressed',
      line: new RegExp(`^(?<function>${OURS}\\w*): (?<hidden>\\d+) callbacks suppressed$`),
    },
  ],
};
