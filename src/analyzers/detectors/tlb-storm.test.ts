import { describe, expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { tlbStorm } from './tlb-storm.ts';

const process = [{ pid: 77, comm: 'app' }];

/** Runs of 100 ms, `each` invalidations in each. */
const runs = (count: number, each: number, rest: RowOf = {}): RowOf[] =>
  Array.from({ length: count }, (_, n) => ({
    source: 'xe',
    dev: '0000:03:00.0',
    tid: 77,
    process_id: 1,
    flushes: each,
    single_page: 0,
    whole: each,
    pages: 0,
    timeouts: 0,
    invalidations: 0,
    start_ts: ms(n * 100),
    end_ts: ms(n * 100 + 99),
    start_event: n * 2 + 1,
    end_event: n * 2 + 2,
    lossy: 0,
    ...rest,
  }));
const judge = (tlb_flush: readonly RowOf[], rest: object = {}) =>
  run(tlbStorm, { rows: { process, tlb_flush }, ...rest });

describe('invalidations of a device', () => {
  it('are a storm from a thousand a second on', () => {
    expect(judge(runs(20, 120, { single_page: 100 })).findings).toMatchObject([
      {
        severity: 'warn',
        confidence: 'proven',
        summary:
          'The TLB of 0000:03:00.0 (xe) was invalidated 1320 times within a second, most often by app (pid 77); 1100 of the invalidations were of one page.',
        key: { pid: 77, what: 'storm' },
      },
    ]);
    expect(judge(runs(20, 80)).findings).toEqual([]);
  });

  it('are one where a tenth of the time goes into waiting, not where a few are slow', () => {
    const waiting = { wait_ns: ms(30), longest_ns: ms(2) };
    expect(judge(runs(10, 20, waiting)).findings).toHaveLength(1);
    expect(judge(runs(10, 2, waiting)).findings).toEqual([]);
  });

  it('that are not answered are an error of their own', () => {
    const late = { timeouts: 2, wait_ns: ms(500), longest_ns: ms(250) };
    expect(judge(runs(1, 3, late)).findings).toMatchObject([
      { severity: 'error', key: { what: 'timeout' } },
    ]);
  });

  it('by an IOMMU are counted once, though each of its caches tells of them', () => {
    const own = { source: 'iommu TLB', dev: 'dmar1', pasid: 3 };
    const device = { source: 'iommu device TLB', dev: '0000:00:02.0', pasid: 3 };
    const queue = { source: 'iommu TLB queue', dev: 'dmar1' };
    const all = [...runs(20, 150, own), ...runs(20, 150, device), ...runs(20, 150, queue)];
    expect(judge(all).findings).toMatchObject([{ key: { pasid: 3, source: 'iommu TLB' } }]);
    expect(judge(runs(20, 150, queue)).findings).toHaveLength(1);
  });
});

it('on a ring of amdgpu, between jobs, stops no CPU', () => {
  const onRing = runs(20, 150, { source: 'amdgpu', dev: 'gfx_0.0.0' });
  expect(judge(onRing).findings).toMatchObject([{ severity: 'info' }]);
  const byCpu = runs(20, 150, { source: 'amdgpu', dev: null });
  expect(judge(byCpu).findings).toMatchObject([{ severity: 'warn' }]);
});

it("does not take the CPUs' own flushes for a storm, and says that it saw no others", () => {
  const { outcome, findings } = judge(runs(20, 5000, { source: 'cpu' }), {
    observed: ['tlb.flush'],
  });
  expect(findings).toEqual([]);
  expect(outcome.outcome).toBe('not-observable');
});

it('says nothing of rates where the clock does not count time', () => {
  expect(judge(runs(20, 5000), { clock: 'ticks' }).outcome).toMatchObject({
    outcome: 'not-observable',
  });
});

it('cannot decide where no invalidation was recorded', () => {
  expect(run(tlbStorm, { observed: ['invalidation.begin'] }).outcome.outcome).toBe(
    'not-observable',
  );
});
