/** Devices that go away, through the whole line: bytes, lifetimes, detectors. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Finding } from '../src/analyzers/finding.ts';
import { SMI_TEXT } from './kfd-smi-lines.ts';
import { type Scenario, scenario } from './scenario/scenario.ts';
import { scratch } from './scratch.ts';

const APP = { cpu: 0, tid: 100, comm: 'app' };
const SHELL = { cpu: 1, tid: 50, comm: 'sh' };
const IDLE = { cpu: 2, tid: 0, comm: 'swapper/2' };
const PCI = '0000:03:00.0';
const BUFFER = 0xffff888004600000n;
const ATTACHMENT = 0xffff888004700000n;
const BUFFER_PROBES = [
  'p:svm/dmabuf_export dma_buf_export',
  'r64:svm/dmabuf_export_ret dma_buf_export dmabuf=$retval:x64',
  'p:svm/dmabuf_attach dma_buf_dynamic_attach dmabuf=$arg1:x64 dev=$arg2:x64',
  'r64:svm/dmabuf_attach_ret dma_buf_dynamic_attach attach=$retval:x64',
  'p:svm/dbmap dma_buf_map_attachment att=$arg1:x64 dmabuf=+0($arg1):x64 p2p=+44($arg1):u8',
  'r64:svm/dbmap_ret dma_buf_map_attachment ret=$retval:x64',
  'p:svm/dbunmap dma_buf_unmap_attachment att=$arg1:x64 dmabuf=+0($arg1):x64',
  'p:svm/dbmove dma_buf_move_notify dmabuf=$arg1:x64',
];
const ms = (value: number): number => value * 1e6;
const s = (value: number): number => value * 1e9;

async function findings(made: Scenario, detector: string): Promise<Finding[]> {
  const { result } = await analyze(made.file(), { strict: true });
  const run = result.detectors.find((one) => one.detector === detector);
  expect(run?.outcome, run?.reason).not.toBe('not-observable');
  return result.findings.filter((finding) => finding.detector === detector);
}

/** A fence of xe, which names its device by PCI address, and the removal of that device. */
function removedUnderFence(signalAfterNs: number): Scenario {
  const xe = { driver: PCI, timeline: 'rcs0' };
  return scenario({ kernel: '6.12', enable: ['dma_fence:*'] })
    .at(0, APP)
    .fence('init', 7, 1, xe)
    .fence('enable_signal', 7, 1, xe)
    .at(ms(100), SHELL)
    .event('iommu:remove_device_from_group', { gid: 5, device: PCI })
    .at(ms(100) + signalAfterNs, IDLE)
    .fence('signaled', 7, 1, xe)
    .at(s(9), IDLE)
    .fence('init', 8, 1);
}

it('a fence still pending seconds after its device was removed', async () => {
  expect(await findings(removedUnderFence(s(4)), 'fence-outlives-driver')).toMatchObject([
    { severity: 'error', confidence: 'likely', key: { fence: '7:1' } },
  ]);
});

it('a fence that the driver signals when its device goes is nothing', async () => {
  expect(await findings(removedUnderFence(ms(20)), 'fence-outlives-driver')).toEqual([]);
});

it('a job given to a device that was removed', async () => {
  const run = (made: Scenario, seqno: number): Scenario =>
    made.event('gpu_scheduler:drm_sched_job_run', {
      dev: PCI,
      name: 'gfx',
      fence_context: 7,
      fence_seqno: seqno,
    });
  const removed = (made: Scenario): Scenario =>
    made.after(ms(1)).event('iommu:remove_device_from_group', { gid: 5, device: PCI }).after(ms(1));
  const start = () => scenario({ kernel: '7.2' }).at(0, APP);
  expect(await findings(run(removed(run(start(), 1)), 2), 'use-after-unplug')).toMatchObject([
    { severity: 'error', key: { dev: PCI } },
  ]);
  expect(await findings(removed(run(start(), 1)), 'use-after-unplug')).toEqual([]);
});

it('a peer-to-peer mapping that is kept although the exporter moved the buffer', async () => {
  const shared = (unmapAfterNs: number): Scenario =>
    scenario({ kernel: '6.12', probes: BUFFER_PROBES })
      .at(0, SHELL)
      .probe('dmabuf_export')
      .after(1000)
      .probe('dmabuf_export_ret', { dmabuf: BUFFER })
      .at(ms(1), APP)
      .probe('dmabuf_attach', { dmabuf: BUFFER })
      .after(1000)
      .probe('dmabuf_attach_ret', { attach: ATTACHMENT })
      .probe('dbmap', { att: ATTACHMENT, dmabuf: BUFFER, p2p: 1 })
      .after(1000)
      .probe('dbmap_ret', { ret: 0xffff888004900000n })
      .at(ms(10), SHELL)
      .probe('dbmove', { dmabuf: BUFFER })
      .at(ms(10) + unmapAfterNs, APP)
      .probe('dbunmap', { att: ATTACHMENT, dmabuf: BUFFER });
  expect(await findings(shared(ms(400)), 'p2p-outlives-exporter')).toMatchObject([
    { severity: 'error', confidence: 'likely', key: { what: 'mapping kept', pid: 100 } },
  ]);
  expect(await findings(shared(ms(20)), 'p2p-outlives-exporter')).toEqual([]);
});

/** A buffer attached and mapped peer to peer. */
function sharedBuffer(): Scenario {
  return scenario({
    kernel: '6.12',
    probes: [
      ...BUFFER_PROBES,
      'p:svm/dbpin dma_buf_pin att=$arg1:x64 dmabuf=+0($arg1):x64',
      'r64:svm/dbpin_ret dma_buf_pin ret=$retval:s32',
    ],
  })
    .at(0, SHELL)
    .probe('dmabuf_export')
    .after(1000)
    .probe('dmabuf_export_ret', { dmabuf: BUFFER })
    .at(ms(1), APP)
    .probe('dmabuf_attach', { dmabuf: BUFFER })
    .after(1000)
    .probe('dmabuf_attach_ret', { attach: ATTACHMENT });
}

it('an exporter that refuses a pin, and one that refuses peer-to-peer mappings', async () => {
  const pin = sharedBuffer().after(1000).probe('dbpin', { att: ATTACHMENT, dmabuf: BUFFER });
  const refused = await findings(
    pin.after(1000).probe('dbpin_ret', { ret: -22 }),
    'p2p-outlives-exporter',
  );
  expect(refused).toMatchObject([{ severity: 'warn' }]);
  const granted = sharedBuffer().after(1000).probe('dbpin', { att: ATTACHMENT, dmabuf: BUFFER });
  expect(
    await findings(granted.after(1000).probe('dbpin_ret', { ret: 0 }), 'p2p-outlives-exporter'),
  ).toEqual([]);
  const map = sharedBuffer()
    .after(1000)
    .probe('dbmap', { att: ATTACHMENT, dmabuf: BUFFER, p2p: 1 });
  const failed = map.after(1000).probe('dbmap_ret', { ret: 0xffffffffffffffean });
  expect(await findings(failed, 'p2p-outlives-exporter')).toMatchObject([{ severity: 'warn' }]);
});

it.each([
  ['6.1', false],
  ['6.12', true],
  ['7.2', true],
] as const)('a device that asks for what was unmapped (%s)', async (kernel, named) => {
  const WORKER = { cpu: 1, tid: 40, comm: 'kworker/1:1' };
  const [map, unmap] =
    kernel === '7.2' ? ['dma_map_phys', 'dma_unmap_phys'] : ['dma_map_page', 'dma_unmap_page'];
  const faulted = (remapped: boolean): Scenario => {
    let made = scenario({ kernel, enable: ['iommu:*'] }).at(0, APP);
    made = named
      ? made.event(`dma:${map}`, { device: PCI, dma_addr: 0xffb65000, size: 4096 })
      : made.event('iommu:map', { iova: 0xffb65000, size: 4096 });
    made = made.at(ms(10), WORKER);
    made = named
      ? made.event(`dma:${unmap}`, { device: PCI, addr: 0xffb65000, size: 4096 })
      : made.event('iommu:unmap', { iova: 0xffb65000, size: 4096, unmapped_size: 4096 });
    if (remapped) made = made.after(ms(1)).event('iommu:map', { iova: 0xffb65000, size: 4096 });
    return made
      .at(ms(30), IDLE)
      .event('iommu:io_page_fault', { device: PCI, driver: 'amdgpu', iova: 0xffb65080, flags: 1 });
  };
  expect(await findings(faulted(false), 'dma-after-unmap')).toMatchObject([
    {
      severity: 'error',
      confidence: named ? 'proven' : 'likely',
      key: { start: '0xffb65000', dev: PCI },
      evidence: [{ type: named ? `dma:${unmap}` : 'iommu:unmap' }, { type: 'iommu:io_page_fault' }],
    },
  ]);
  expect(await findings(faulted(true), 'dma-after-unmap')).toEqual([]);
});

it('a reset that only the SMI events of amdkfd tell of', async () => {
  const file = join(scratch(), 'smi.txt');
  writeFileSync(file, SMI_TEXT);
  const { result } = await analyze(file, { strict: true });
  const resets = result.findings.filter(({ detector }) => detector === 'job-timeout-reset');
  expect(resets).toMatchObject([
    {
      severity: 'warn',
      summary:
        'amdgpu: the GPU was reset (reset 1): job timeout; whose work hung is not in this recording.',
      evidence: [
        { type: 'kfd_smi:vmfault' },
        { type: 'kfd_smi:gpu_pre_reset' },
        { type: 'kfd_smi:gpu_post_reset' },
      ],
    },
  ]);
});
