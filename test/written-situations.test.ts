/**
 * What no recording shows, because it takes hardware or a broken driver, through the whole line: bytes
 * in the formats of a real kernel, lifetimes, detectors.
 */
import { expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Finding } from '../src/analyzers/finding.ts';
import { type Scenario, scenario } from './scenario/scenario.ts';

const APP = { cpu: 0, tid: 100, comm: 'app' };
const IDLE = { cpu: 2, tid: 0, comm: 'swapper/2' };
const WORKER = { cpu: 1, tid: 60, comm: 'kworker/1:1' };
const IOMMU = { iommu: 'dmar1', dev: '0000:00:02.0' };
const PASID = 3n;
const ms = (value: number): number => value * 1e6;

async function findings(made: Scenario, detector: string): Promise<Finding[]> {
  const { result } = await analyze(made.file(), { strict: true });
  const run = result.detectors.find((one) => one.detector === detector);
  expect(run?.outcome, run?.reason).not.toBe('not-observable');
  return result.findings.filter((finding) => finding.detector === detector);
}

/** Each page of a buffer is unmapped by itself. */
function unmapped(pages: number): Scenario {
  const made = scenario({ kernel: '6.12', enable: ['intel_iommu:*'] }).at(0, APP);
  for (let page = 0n; page < BigInt(pages); page += 1n) {
    const start = 0x7f0000000000n + (page << 12n);
    made.after(ms(0.3)).event('intel_iommu:cache_tag_flush_range', {
      ...IOMMU,
      type: 1,
      domain_id: 1,
      pasid: Number(PASID),
      start,
      end: start + 0xfffn,
      addr: start,
      pages: 1,
      mask: 0,
    });
  }
  return made;
}

it('memory unmapped page by page is a storm for the TLB of the device', async () => {
  expect(await findings(unmapped(1500), 'tlb-storm')).toMatchObject([{ severity: 'warn' }]);
});

it('memory unmapped in a hundred pieces is none', async () => {
  expect(await findings(unmapped(100), 'tlb-storm')).toEqual([]);
});

/** A device asks for two pages a second apart; the first is answered, as the second may be. */
function asked(isAnswered: boolean): Scenario {
  const request = (made: Scenario, group: bigint): Scenario =>
    made.event('intel_iommu:prq_report', {
      ...IOMMU,
      dw0: (PASID << 32n) | (0x10n << 16n) | (1n << 8n),
      dw1: 0x7f0e4a1b2000n | (group << 3n) | (1n << 2n),
      seq: group,
    });
  const answer = (made: Scenario, group: bigint): Scenario =>
    made.event('intel_iommu:qi_submit', {
      iommu: IOMMU.iommu,
      qw0: (PASID << 32n) | (0x10n << 16n) | (1n << 4n) | 9n,
      qw1: group << 3n,
      qw2: 0,
      qw3: 0,
    });
  const made = scenario({ kernel: '6.12', enable: ['intel_iommu:*'] })
    .at(0, APP)
    .event('intel_iommu:cache_tag_assign', { ...IOMMU, pasid: Number(PASID) });
  answer(request(made.at(ms(10), WORKER), 5n).after(ms(1)), 5n);
  request(made.at(ms(20), WORKER), 6n);
  if (isAnswered) answer(made.after(ms(1)), 6n);
  return made.at(ms(3000), IDLE).fence('init', 1, 1);
}

it('a page request nobody answers leaves the device waiting', async () => {
  expect(await findings(asked(false), 'unanswered-page-request')).toMatchObject([
    { severity: 'error', from: expect.closeTo(ms(20), -6) },
  ]);
});

it('page requests that are answered are nothing', async () => {
  expect(await findings(asked(true), 'unanswered-page-request')).toEqual([]);
});

/** The last reference of a fence is dropped, and somebody still asks for its signal. */
function usedAfterwards(isUsed: boolean): Scenario {
  const made = scenario({ kernel: '6.12', enable: ['dma_fence:*'] })
    .at(0, APP)
    .fence('init', 7, 1)
    .at(ms(5), IDLE)
    .fence('signaled', 7, 1)
    .at(ms(6), APP)
    .fence('destroy', 7, 1);
  if (isUsed) made.at(ms(20), APP).fence('wait_start', 7, 1).after(1000).fence('wait_end', 7, 1);
  return made.at(ms(50), APP).fence('init', 8, 1);
}

it('a fence waited for after its last reference was dropped is used after free', async () => {
  expect(await findings(usedAfterwards(true), 'double-signal')).toMatchObject([
    { severity: 'error', key: { fence: '7:1' } },
  ]);
});

it('a fence nobody touches afterwards is not', async () => {
  expect(await findings(usedAfterwards(false), 'double-signal')).toEqual([]);
});
