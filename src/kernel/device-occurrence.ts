/**
 * What devices, their drivers and IOMMUs do: queues, address spaces of the GPU, mappings, page
 * requests, migrations and TLB invalidations.
 */
import type { Word } from './occurrence.ts';

/** Where the pages of a migration are: the CPU's memory or the device's. */
export type MemorySide = 'system' | 'device';

export type DeviceOccurrenceData =
  // --- jobs: what drivers tell beyond queue, run and done ---
  /** A driver names the fence behind a pointer. */
  | { kind: 'job.fence_named'; fence: Word; context: Word; seqno: Word }
  /** The job's fence got an error, or the job ran into its time limit. */
  | {
      kind: 'job.failed';
      what: 'error' | 'timeout' | 'ban';
      ring: string | undefined;
      id: Word | undefined;
      fence: Word | undefined;
      error: number | undefined;
    }
  // --- queues of a GPU (xe exec queues); the number is handed out again ---
  | {
      kind: 'queue.created' | 'queue.destroyed';
      driver: string;
      dev: string | undefined;
      gt: number | undefined;
      number: number;
      engine: string | undefined;
    }
  /** Reset, killed, closed, banned; `memory-error` = it reached memory it has no mapping for. */
  | {
      kind: 'queue.state';
      driver: string;
      dev: string | undefined;
      gt: number | undefined;
      number: number;
      state: 'reset' | 'killed' | 'closed' | 'memory-error' | 'context-error';
    }
  // --- address spaces of a GPU ---
  | {
      kind: 'vm.created' | 'vm.killed' | 'vm.freed';
      driver: string;
      dev: string | undefined;
      vm: Word | undefined;
      asid: number | undefined;
    }
  /** `end` is exclusive. `object` is the buffer, `mapping` the driver's own struct. */
  | {
      kind: 'mapping.bound' | 'mapping.unbound' | 'mapping.invalidated';
      driver: string;
      dev: string | undefined;
      vm: Word | undefined;
      asid: number | undefined;
      mapping: Word | undefined;
      object: Word | undefined;
      start: Word | undefined;
      end: Word | undefined;
      /** CPU address of a userptr mapping; undefined for all others. */
      userptr: Word | undefined;
    }
  /** A VMID of a hub was given to a PASID: it names it until it is given away again. */
  | {
      kind: 'vmid.granted';
      driver: string;
      vmid: number;
      hub: number | undefined;
      pasid: number;
    }
  // --- page requests ---
  /** The answer to the page requests of a group: code 0 success, 1 invalid, 15 failure. */
  | {
      kind: 'page.response';
      iommu: string;
      rid: number | undefined;
      pasid: number | undefined;
      group: number | undefined;
      code: number | undefined;
    }
  // --- bus addresses ---
  /** Mapped for DMA, or no longer. `dev` only where the DMA API tells: iommu_map() knows domains alone. */
  | {
      kind: 'iommu.map' | 'iommu.unmap';
      dev: string | undefined;
      start: Word;
      bytes: Word;
    }
  // --- migrations ---
  /** migrate_vma_setup collects pages of the calling thread's memory, or of a faulting one's. */
  | {
      kind: 'migrate_vma.setup';
      mm: Word | undefined;
      start: Word | undefined;
      end: Word | undefined;
      from: MemorySide | undefined;
      to: MemorySide | undefined;
      /** A CPU touched a page of the device. */
      cpuFault: boolean;
    }
  /** The pages are in their places, or could not be collected: `ret` < 0. */
  | {
      kind: 'migrate_vma.end';
      start: Word | undefined;
      end: Word | undefined;
      ret: number;
    }
  /** The kernel moves pages for reasons of its own, between nodes or to make room. */
  | { kind: 'migrate_pages.start'; reason: string | undefined }
  | { kind: 'migrate_pages.end'; pages: number | undefined }
  /** A buffer moved; the event comes when the move is set up. */
  | {
      kind: 'migration.buffer';
      source: string;
      dev: string | undefined;
      object: Word | undefined;
      bytes: number | undefined;
      from: string;
      to: string;
      /** Nothing was copied: it had no content. */
      empty: boolean;
    }
  // --- TLB invalidations ---
  | {
      kind: 'tlb.flush';
      /** `xe`, `amdgpu`, `intel_iommu`, `cpu`. */
      source: string;
      dev: string | undefined;
      pasid: number | undefined;
      /** undefined = the whole address space. */
      pages: number | undefined;
    }
  /** An invalidation handed to firmware, by its number; its answer, or none in time. */
  | {
      kind: 'tlb.sent' | 'tlb.answered' | 'tlb.timeout';
      source: string;
      dev: string | undefined;
      fence: Word | undefined;
      seqno: number;
    };
