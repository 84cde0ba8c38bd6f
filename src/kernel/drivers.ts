import type { Subsystem } from './subsystem.ts';

/** Drivers that have no tracepoints of their own: nouveau, the kernel's test_hmm, IB and others. */
export const drivers: Subsystem = {
  name: 'drivers',
  roles: {
    // lib/test_hmm.c
    dmirror_interval_invalidate: 'invalidate-callback',
    dmirror_range_fault: 'range-fault-wrapper',
    dmirror_fault: 'range-fault-wrapper',
    // drivers/infiniband/core/umem_odp.c, hw/mlx5/odp.c
    mlx5_ib_invalidate_range: 'invalidate-callback',
    ib_umem_odp_map_dma_and_lock: 'range-fault-wrapper',
    pagefault_mr: 'device-fault-handler',
    // drivers/accel/amdxdna/aie2_ctx.c, amdxdna_gem.c
    amdxdna_hmm_invalidate: 'invalidate-callback',
    aie2_populate_range: 'range-fault-wrapper',
    // drivers/iommu/iommu-sva.c
    iommu_sva_handle_mm: 'device-fault-handler',
  },
  eventNames: { dm_fault: 'dmirror_fault', dm_inval: 'dmirror_interval_invalidate' },
};
