import { addressSpace } from './address-space.ts';
import { device } from './device.ts';
import { deviceFault } from './device-fault.ts';
import { deviceReset } from './device-reset.ts';
import { dmaBuf } from './dma-buf.ts';
import { dmaUnmapping } from './dma-unmapping.ts';
import { fence } from './fence.ts';
import { fenceDependency } from './fence-dependency.ts';
import { fenceWait } from './fence-wait.ts';
import { gpuMapping } from './gpu-mapping.ts';
import { gpuQueue } from './gpu-queue.ts';
import { gpuVm } from './gpu-vm.ts';
import { invalidation } from './invalidation.ts';
import { job } from './job.ts';
import type { Lifetime } from './lifetime.ts';
import { lock } from './lock.ts';
import { logRecord } from './log-record.ts';
import { migration } from './migration.ts';
import { notifier } from './notifier.ts';
import { pageRequest } from './page-request.ts';
import { pasid } from './pasid.ts';
import { rangeFault } from './range-fault.ts';
import { reclaim } from './reclaim.ts';
import { restoreAttempt } from './restore-attempt.ts';
import { subscription } from './subscription.ts';
import { syscall } from './syscall.ts';
import { task } from './task.ts';
import { taskSleep } from './task-sleep.ts';
import { tlbFlush } from './tlb-flush.ts';

/**
 * Every object kind, in the order they see an occurrence: each uses what those before it know.
 */
export const lifetimes: readonly Lifetime[] = [
  task,
  addressSpace,
  notifier,
  subscription,
  pasid,
  syscall,
  lock,
  taskSleep,
  reclaim,
  device,
  dmaBuf,
  invalidation,
  fence,
  fenceDependency,
  gpuQueue,
  gpuVm,
  gpuMapping,
  job,
  fenceWait,
  rangeFault,
  restoreAttempt,
  migration,
  tlbFlush,
  pageRequest,
  dmaUnmapping,
  deviceFault,
  deviceReset,
  logRecord,
];
