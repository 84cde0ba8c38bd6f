/** From a log, or the console's lines in a recording, to records, findings and the part of the report. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Result } from '../src/analyzers/result.ts';
import { ROOT } from './cli.ts';
import { scenario } from './scenario/scenario.ts';
import { scratch } from './scratch.ts';

async function analyzed(lines: readonly string[]): Promise<Result> {
  const path = join(scratch('log'), 'dmesg.txt');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return (await analyze(path, { strict: true })).result;
}

const kinds = (result: Result): (readonly [string, string | null, number])[] =>
  result.kernelLog.map((group) => [group.class, group.device, group.count] as const);
const found = (result: Result, detector: string): Result['findings'] =>
  result.findings.filter((finding) => finding.detector === detector);

const XE = 'xe 0000:04:00.0: ';
const RECORD = [
  `[  100.000100] ${XE}[drm] Tile0: GT0: `,
  '                ASID: 771',
  '                VFID: 0',
  '                Faulted Address: 0x00007c1200451000',
  '                FaultType: 0',
  '                AccessType: 1',
  '                FaultLevel: 0',
  '                EngineClass: 3 bcs',
  '                EngineInstance: 8',
  `[  100.000200] ${XE}[drm] Tile0: GT0: Fault response: Unsuccessful -EINVAL`,
];

describe('a log alone', () => {
  it('gives the record whose lines have no prefix of their own', async () => {
    const result = await analyzed([
      '[   99.000000] usb 1-1: new high-speed USB device number 5 using xhci_hcd',
      ...RECORD,
      '[  101.000000] usb 1-1: USB disconnect, device number 5',
    ]);
    expect(kinds(result)).toEqual([
      ['gpu-page-fault', '0000:04:00.0', 1],
      ['fault-response', '0000:04:00.0', 1],
    ]);
    expect(result.kernelLog[0]).toMatchObject({
      meanings: ['not present'],
      engines: ['bcs8'],
      accesses: [{ access: 'write', count: 1 }],
      pages: { distinct: 1, ranges: [{ from: '0x7c1200451000', pages: 1 }] },
    });
    expect(found(result, 'logged-gpu-fault')).toHaveLength(1);
  });

  it('that a filter reduced to lines with "xe" says that bodies are missing', async () => {
    const result = await analyzed(RECORD.filter((line) => line.includes('xe ')));
    expect(result.kernelLog[0]).toMatchObject({ class: 'gpu-page-fault', bodyMissing: 1 });
    expect(found(result, 'logged-gpu-fault')[0]?.summary).toContain('record body missing');
  });

  it('keeps two boots apart', async () => {
    const reset = 'amdgpu 0000:43:00.0: amdgpu: GPU reset begin!';
    const refused = 'amdgpu 0000:43:00.0: amdgpu: Failed to initialize parser -125!';
    const result = await analyzed([
      '[    0.000000] Linux version 6.12.0-1-amd64 (debian-kernel@lists.debian.org) #1 SMP',
      `[  500.000000] ${reset}`,
      '[    0.000000] Linux version 6.12.0-1-amd64 (debian-kernel@lists.debian.org) #1 SMP',
      `[    5.000000] ${refused}`,
    ]);
    expect(result.kernelLog.map((group) => [group.class, group.consequences])).toEqual([
      ['gpu-reset', 0],
      ['submit-refused', 0],
    ]);
    expect(new Set(result.kernelLog.map((group) => group.boot)).size).toBe(2);
  });

  it('of disks and network cards has nothing about GPUs', async () => {
    const result = await analyzed([
      '[    1.000000] nvme nvme0: 8/0/0 default/read/poll queues',
      '[    2.000000] BUG: unable to handle page fault for address: ffffb0c600a41000',
    ]);
    expect(result.kernelLog).toEqual([]);
    expect(result.findings.filter(({ detector }) => detector !== 'tool-blind')).toEqual([]);
  });
});

describe('the console’s lines in a recording', () => {
  it('say what the log says, among the events', async () => {
    const made = scenario({ kernel: '6.12' })
      .at(0, { cpu: 0, tid: 50, comm: 'sh' })
      .fork(100, 'app')
      .at(1e6, { cpu: 0, tid: 100, comm: 'app' })
      .exec('/bin/app')
      .at(2e6, { cpu: 0, tid: 100, comm: 'app' })
      .exit()
      .at(500e6, { cpu: 1, tid: 0, comm: 'swapper/1' })
      .event('printk:console', {
        msg: '[  700.500000] amdgpu 0000:43:00.0: amdgpu: [gfxhub0] no-retry page fault (src_id:0 ring:24 vmid:8 pasid:32770, for process app pid 100 thread app pid 100)\n',
      })
      .at(501e6, { cpu: 1, tid: 0, comm: 'swapper/1' })
      .event('printk:console', {
        msg: '[  700.501000] amdgpu 0000:43:00.0: amdgpu:   in page starting at address 0x00007f0000001000 from IH client 0x1b (UTCL2)\n',
      });
    const { result } = await analyze(made.file(), { strict: true });
    expect(kinds(result)).toEqual([['gpu-page-fault', '0000:43:00.0', 1]]);
    // its process had exited 0.5 s before: proven by the trace, told once
    expect(found(result, 'post-exit-gpu-fault')).toMatchObject([
      { severity: 'error', key: { pid: 100, pasid: 32770 } },
    ]);
    expect(found(result, 'logged-gpu-fault')).toEqual([]);
  });

  it('of a real kernel: who was killed, and that its memory could not be reaped', async () => {
    const { result } = await analyze(join(ROOT, 'fixtures/c612-oom-refused/oom-refused.dat'), {
      strict: true,
    });
    expect(result.kernelLog.map((group) => [group.class, group.processes])).toEqual([
      ['oom-invoked', ['svmload2']],
      ['oom-kill', ['svmload2 (pid 162)']],
      ['oom-reap-failed', ['svmload2 (pid 162)']],
    ]);
  });
});
