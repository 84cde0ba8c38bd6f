/** drivers/dma-buf/dma-fence.c, and warnings of the code around fences, notifiers and IOMMUs. */
import type { LogSource } from './shape.ts';

export const dmaFence: LogSource = {
  name: 'dma-fence',
  concerns: ({ body }) => /^(?:Fence |WARNING: )/.test(body),
  heads: [
    {
      // dma_fence_release: driver:timeline:context:seqno, the numbers in hexadecimal
      class: 'fence-dropped',
      line: /^Fence (?<fence>.{1,200}:[\da-f]+:(?<seqnoHex>[\da-f]+)) released with pending signals!/,
      body: 'optional',
    },
    {
      class: 'kernel-warning',
      line: /^WARNING: (?:CPU: \d+ PID: \d+ at )?(?<meaning>(?:drivers\/(?:gpu|dma-buf|iommu|accel)\/|mm\/(?:hmm|mmu_notifier|migrate_device)\.c)[\w./-]*:\d+)(?: at)? (?<function>[\w.]+)/,
    },
  ],
  parts: [
    {
      of: ['fence-dropped'],
      line: /^WARNING: .{0,120}\bdma_fence_release\+/,
      last: ['fence-dropped'],
      leads: 'fence-dropped',
    },
  ],
};
