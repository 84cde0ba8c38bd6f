/** Whatever stands in a log: no line stops the reading, and every value can be stored. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { records } from '../../../test/log-records.ts';
import { livedRecords } from '../../../test/log-rows.ts';

const LINES = [
  'amdgpu 0000:43:00.0: amdgpu: [gfxhub0] retry page fault (src_id:0 ring:24 vmid:8 pasid:32770, for process a pid 7001 thread b pid 7002)',
  'amdgpu 0000:43:00.0: amdgpu:   in page starting at address 0x00007f9aa0402000 from IH client 0x1b (UTCL2)',
  'amdgpu 0000:43:00.0: amdgpu: VM_L2_PROTECTION_FAULT_STATUS:0x00801A31',
  'amdgpu 0000:43:00.0: amdgpu: \t RW: 0x1',
  "VM fault (0x0c, vmid 3) at page 1055275, read from 'TC4' (0x54433400) (72)",
  'xe 0000:04:00.0: [drm] Tile0: GT0:\n\tASID: 771\n\tFaulted Address: 0x00007c1200451000\n\tEngineInstance: 8',
  'NVRM: Xid (PCI:0000:65:00): 31, pid=30211, Ch 00000010, intr 10000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_3 faulted @ 0x7e11_20c40000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ',
  'DMAR: [DMA Read PASID 0x2c] Request device [03:00.0] fault addr 0x7e11c968d000 [fault reason 0x59] SM',
  'DMAR: dmar4: Page request for invalid PASID 42: 0000002a03000101 00007e11c968d003',
  'AMD-Vi: Event logged [IO_PAGE_FAULT device=05:00.0 domain=0x000c address=0x1a2b3c000 flags=0x0020]',
  'arm-smmu-v3 arm-smmu-v3.4.auto: event 0x10 received:\n\t0x0000030000005810\n\t0x0000020800000000\n\t0x00007e11c968d000',
  'nouveau 0000:0a:00.0: fifo: read fault at 0000a10000 engine 00 [PGRAPH] client 12 [GPC0/TEX] reason 02 [PAGE_NOT_PRESENT] on channel 6 [003fbbf000 gl[2207]]',
  'INFO: task sim:4242 blocked for more than 122 seconds.',
  'WARNING: possible circular locking dependency detected',
  'Fence gpu:gpu-ring1:1f:2c released with pending signals!',
];

/** A line with a piece of it replaced, repeated or cut out. */
const mutated = fc
  .record({
    line: fc.constantFrom(...LINES),
    at: fc.nat(200),
    cut: fc.nat(12),
    put: fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('_', '0x', '[', ']: ', '-1', 'pid ', ''),
      fc.constantFrom('9', 'f', '0').map((digit) => digit.repeat(40)),
    ),
  })
  .map(({ line, at, cut, put }) => line.slice(0, at) + put + line.slice(at + cut));

const INT64 = 2n ** 64n;

it('lines that were changed anywhere', () => {
  fc.assert(
    fc.property(fc.array(mutated, { maxLength: 12 }), (lines) => {
      const found = records(...lines);
      livedRecords(found);
      for (const record of found) {
        for (const value of Object.values(record)) {
          if (typeof value === 'number') expect(Number.isSafeInteger(value)).toBe(true);
          if (typeof value === 'bigint') expect(value >= 0n && value < INT64).toBe(true);
        }
        expect(record.events.length).toBeGreaterThan(0);
        expect([...record.events].sort((a, b) => a - b)).toEqual(record.events);
      }
    }),
    { numRuns: 2000 },
  );
});

it('every line goes to at most one record', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(LINES, { minLength: 2 }), (lines) => {
      const events = records(...lines).flatMap((record) => record.events);
      expect(new Set(events).size).toBe(events.length);
    }),
    { numRuns: 500 },
  );
});
