import { amdVi } from './amd-vi.ts';
import { amdgpu } from './amdgpu.ts';
import { amdkfd } from './amdkfd.ts';
import { armSmmu } from './arm-smmu.ts';
import { dmaFence } from './dma-fence.ts';
import { drm } from './drm.ts';
import { hungTask } from './hung-task.ts';
import { i915 } from './i915.ts';
import { lockdep } from './lockdep.ts';
import { nouveau } from './nouveau.ts';
import { nvidia } from './nvidia.ts';
import { oom } from './oom.ts';
import { rateLimit } from './rate-limit.ts';
import type { LogSource } from './shape.ts';
import { vtD } from './vt-d.ts';
import { xe } from './xe.ts';

/** Who writes to the kernel log, in the order they are asked: the first that knows a line has it. */
export const logSources: readonly LogSource[] = [
  amdgpu,
  amdkfd,
  xe,
  i915,
  nouveau,
  nvidia,
  vtD,
  amdVi,
  armSmmu,
  drm,
  lockdep,
  dmaFence,
  oom,
  hungTask,
  rateLimit,
];
