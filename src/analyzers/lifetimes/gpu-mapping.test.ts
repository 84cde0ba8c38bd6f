import { describe, expect, it } from 'vitest';
import { enter, fork, live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const BDF = '0000:03:00.0';
const WORKER = 58;
const comms = { [WORKER]: 'kworker/0:2' };

const vm = (kind: 'vm.created' | 'vm.killed' | 'vm.freed', asid = 3): OccurrenceData => ({
  kind,
  driver: 'xe',
  dev: BDF,
  vm: 0xf000 + asid,
  asid,
});
type MappingKind = 'mapping.bound' | 'mapping.unbound' | 'mapping.invalidated';
const mapping = (kind: MappingKind, rest: Partial<OccurrenceData> = {}): OccurrenceData =>
  ({
    kind,
    driver: 'xe',
    dev: BDF,
    vm: undefined,
    asid: 3,
    mapping: 0xa00,
    object: undefined,
    start: 0x10000,
    end: 0x20000,
    userptr: 0x7f0000,
    ...rest,
  }) as OccurrenceData;

describe('a mapping of a GPU', () => {
  it('belongs to the owner of its address space, though a worker binds it', () => {
    const lived = live(
      [
        [0, 1, fork(10)],
        [1, 10, vm('vm.created')],
        [2, WORKER, mapping('mapping.bound')],
        [3, 10, mapping('mapping.invalidated')],
        [4, WORKER, mapping('mapping.bound')],
        [5, 10, enter('vma_userptr_invalidate', { vma: 0xa00 }, { role: 'invalidate-callback' })],
        [9, 10, mapping('mapping.unbound')],
        [10, 10, vm('vm.killed')],
        [11, WORKER, vm('vm.freed')],
      ],
      { comms },
    );
    const owner = lived.rows('process').find(({ pid }) => pid === 10)?.id;
    expect(lived.row('gpu_vm')).toMatchObject({
      asid: 3,
      owner_process_id: owner,
      killed_ts: 10e6,
      end_ts: 11e6,
      mappings: 1,
    });
    expect(lived.row('gpu_mapping')).toMatchObject({
      gpu_vm_id: 1,
      process_id: owner,
      range_start: 0x10000,
      range_end: 0x20000,
      userptr: 0x7f0000,
      binds: 2,
      invalidations: 2,
      end_ts: 9e6,
    });
  });

  it('is another one where the struct comes back with another range', () => {
    const lived = live([
      [1, 10, mapping('mapping.bound')],
      [2, 10, mapping('mapping.bound', { start: 0x30000, end: 0x40000 } as object)],
    ]);
    const [first, second] = lived.rows('gpu_mapping');
    expect(first).not.toHaveProperty('end_ts');
    expect(second).toMatchObject({ range_start: 0x30000 });
  });

  it('is known by its place where a text hides the addresses', () => {
    const hidden = { mapping: undefined } as object;
    const lived = live([
      [1, 10, mapping('mapping.bound', hidden)],
      [2, 10, mapping('mapping.bound', { ...hidden, asid: 4 })],
      [3, 10, mapping('mapping.unbound', hidden)],
    ]);
    const [first, second] = lived.rows('gpu_mapping');
    expect(first).toMatchObject({ end_ts: 3e6 });
    expect(second).not.toHaveProperty('end_ts');
  });

  it('of amdgpu is one of the process that maps it', () => {
    const own = { driver: 'amdgpu', asid: undefined, mapping: undefined, object: 0xb0 } as object;
    const lived = live([
      [1, 10, mapping('mapping.bound', own)],
      [2, 20, mapping('mapping.bound', own)],
      [3, 10, mapping('mapping.unbound', own)],
    ]);
    expect(lived.rows('gpu_mapping')).toMatchObject([
      { process_id: 1, end_ts: 3e6 },
      { process_id: 2 },
    ]);
  });
});
