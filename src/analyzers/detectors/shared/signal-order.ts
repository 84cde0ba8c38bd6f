/** Which drivers promise to signal a context in order, and when the time of a signal is exact. */

/**
 * SQL: whether the driver of fence `f` is known to run the jobs of a context one after the other: the
 * scheduler's finished fences, amdgpu and virtio-gpu rings, and i915 and xe, whose fences carry the PCI
 * name of the device. All others are only bound by dma_fence_is_later(), which dma_resv relies on.
 */
export const IS_IN_ORDER: string = `(f.driver IN ('drm_sched', 'amdgpu', 'virtio_gpu', 'xe', 'i915')
  OR f.driver GLOB '[0-9a-f][0-9a-f][0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f].[0-9a-f]')`;

/**
 * SQL: whether fence `f` signalled when its event says. Without signalling enabled the event may come
 * from whoever polls the fence next (dma_fence_is_signaled); the scheduler's fences are never polled,
 * and nobody polls from an interrupt that hits the idle task.
 */
export const HAS_EXACT_SIGNAL = `(f.enable_ts IS NOT NULL OR f.driver IS 'drm_sched' OR f.signaled_tid = 0)`;

/** SQL: fences whose numbers are no order: containers, user-chosen numbers, keys that several share. */
export const HAS_OWN_ORDER = `(coalesce(f.container, 0) = 0 AND coalesce(f.ambiguous, 0) = 0
  AND coalesce(f.driver, '') NOT IN ('sw_sync', 'mock', 'vgem') AND f.init_ts IS NOT NULL)`;
