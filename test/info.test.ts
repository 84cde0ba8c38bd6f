/** `info` of every format: what was read, what was not, and which detectors can decide. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Inspection, inspect } from '../src/analyzers/inspect.ts';
import { renderInfo } from '../src/reports/info.ts';
import { plainStyle } from '../src/reports/text-style.ts';
import { ROOT } from './cli.ts';
import { SMI_TEXT } from './kfd-smi-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-info-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string) => join(ROOT, 'fixtures', name);
const HEADING = 'ts,cpu,tid,comm,event,context,seqno';
const CSV = `${HEADING}\n1,0,7,a,dma_fence:dma_fence_init,1,1\nx,0,7,a,b,,\n`;
const LOG = '[    1.000000] amdgpu 0000:03:00.0: ring gfx timeout\n[    2.000000] usb 1-1: new\n';

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function info(path: string): Promise<{ text: string; inspection: Inspection }> {
  const inspection = await inspect(path);
  return { text: renderInfo(inspection, plainStyle, 1000), inspection };
}

const formats: [string, string, RegExp][] = [
  ['trace.dat', fixture('s612-svm-stall/svm-stall.dat'), /^Format +trace\.dat 7, little endian$/m],
  ['perf.data', fixture('s61-perf-pid/perf-pid.perf.data'), /^Format +perf\.data 2,/m],
  [
    'ftrace',
    fixture('s612-svm-stall-text/svm-stall-text.ftrace.txt'),
    /^Lines +\d+, all recognised$/m,
  ],
  [
    'trace-cmd report',
    fixture('s612-svm-stall/svm-stall.report.txt'),
    /^Lines +\d+, all recognised$/m,
  ],
  ['perf script', fixture('s612-perf-stall/pipe-mode.script.txt'), /^Lines +\d+, all recognised$/m],
  ['CSV', written('events.csv', CSV), /^Lines +2, 1 not recognised$/m],
  ['a kernel log', written('dmesg.txt', LOG), /^Lines +2, all recognised$/m],
  ['SMI events', written('smi.txt', SMI_TEXT), /^Lines +15, all recognised$/m],
];

describe('every format', () => {
  it.each(formats)('%s', async (_, path, line) => {
    const { text } = await info(path);
    expect(text).toMatch(line);
    for (const row of ['Kernel', 'Clock', 'Recorded', 'CPUs', 'Events', 'Skipped', 'Detectors: ']) {
      expect(text).toMatch(new RegExp(`^${row}`, 'm'));
    }
    // names of our own: fence.signaled, hmm.range_fault
    expect(text.replaceAll(path, '')).not.toMatch(
      /\b(task|mm|fence|job|invalidation|notifier|hmm|probe|device|iommu|pasid)\.[a-z]/,
    );
    expect(text).not.toMatch(/CPU -1| 0 CPUs/);
  });
});

describe('what was skipped', () => {
  it('is shown with the first line of its kind, and weakens the verdicts', async () => {
    const source = readFileSync(fixture('s612-svm-stall-text/svm-stall-text.ftrace.txt'), 'utf8');
    const { text, inspection } = await info(
      written('damaged.txt', `${source}what is this\nnoise\n`),
    );
    const [lines] = inspection.lines;
    expect(lines).toMatchObject({ total: source.split('\n').length + 1, unrecognised: 2 });
    expect(text).toMatch(
      /not read +lines that are no event were left out, the first: what is this/,
    );
    expect(text).toMatch(/but parts of the recording were not read/);
  });

  it('are events nothing is concluded from', async () => {
    const { text } = await info(fixture('s61-perf-pid/perf-pid.perf.data'));
    expect(text).toMatch(/of 7 types, 6 of which are used: from the others nothing is concluded/);
    expect(text).toMatch(/exceptions:page_fault_user .* only counted/);
  });
});

describe('detectors', () => {
  it('that cannot decide say what was not recorded, and how to record it', async () => {
    const { text, inspection } = await info(written('again.csv', CSV));
    expect(text).toMatch(
      /fence-never-signalled +cannot decide, not recorded: signalled fences \(dma_fence_signaled\)/,
    );
    expect(text).toContain('To let all of them decide, record with:');
    const run = inspection.detectors.find(({ meta }) => meta.id === 'fence-never-signalled');
    expect(run?.missing).toMatchObject([{ enable: ['dma_fence:dma_fence_signaled'] }]);
  });

  it.each([
    ['ticks', 's612-clock-uptime/clock-uptime.ftrace.txt', /no duration is judged/],
    ['one task', 's61-perf-pid/perf-pid.perf.data', /only threads 1894 and their children/],
    ['lost events', 'c612-lost-events/lost-events.dat', /while events were lost/],
  ])('are doubted where the recording is: %s', async (_, name, doubt) => {
    const { inspection } = await info(fixture(name));
    expect(inspection.doubts.join('\n')).toMatch(doubt);
  });
});
