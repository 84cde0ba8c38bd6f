import { amdgpu } from './amdgpu.ts';
import { amdkfd } from './amdkfd.ts';
import { dmaBuf } from './dma-buf.ts';
import { dmaFence } from './dma-fence.ts';
import { drivers } from './drivers.ts';
import { drm } from './drm.ts';
import { gpuScheduler } from './gpu-scheduler.ts';
import { hmm } from './hmm.ts';
import { i915 } from './i915.ts';
import { intelIommu } from './intel-iommu.ts';
import { iommu } from './iommu.ts';
import { locks } from './locks.ts';
import { log } from './log.ts';
import { migration } from './migration.ts';
import { mm } from './mm.ts';
import { mmuNotifier } from './mmu-notifier.ts';
import { nouveau } from './nouveau.ts';
import type { OccurrenceKind, ProbeRole } from './occurrence.ts';
import { reclaim } from './reclaim.ts';
import type { ProbeRule, Rule, Subsystem } from './subsystem.ts';
import { syscalls } from './syscalls.ts';
import { task } from './task.ts';
import { tlb } from './tlb.ts';
import { virtioGpu } from './virtio-gpu.ts';
import { xe } from './xe.ts';

export const subsystems: readonly Subsystem[] = [
  task,
  mm,
  syscalls,
  dmaFence,
  dmaBuf,
  gpuScheduler,
  amdgpu,
  amdkfd,
  i915,
  xe,
  nouveau,
  virtioGpu,
  drm,
  drivers,
  mmuNotifier,
  hmm,
  iommu,
  intelIommu,
  migration,
  reclaim,
  locks,
  tlb,
  log,
];

/** By `system:event`. */
export const eventRules: ReadonlyMap<string, Rule> = merge((subsystem) => subsystem.events);

/** By function name without compiler suffixes. */
export const probeRules: ReadonlyMap<string, ProbeRule> = merge((subsystem) => subsystem.probes);

/** By function name without compiler suffixes. */
export const probeRoles: ReadonlyMap<string, ProbeRole> = merge((subsystem) => subsystem.roles);

/** Function a well-known probe event name stands for. */
export const eventNames: ReadonlyMap<string, string> = merge((subsystem) => subsystem.eventNames);

/** Every kind of occurrence that events and probes can give. */
export const givenKinds: ReadonlySet<OccurrenceKind> = new Set([
  ...[...eventRules.values()].flatMap(({ gives }) => gives),
  ...[...probeRules.values()].flatMap((probe) => [
    ...(probe.enter?.gives ?? []),
    ...(probe.return?.gives ?? []),
  ]),
  'probe.enter',
  'probe.return',
]);

function merge<T>(
  part: (subsystem: Subsystem) => Readonly<Record<string, T>> | undefined,
): Map<string, T> {
  const all = new Map<string, T>();
  for (const subsystem of subsystems) {
    for (const [name, value] of Object.entries(part(subsystem) ?? {})) all.set(name, value);
  }
  return all;
}
