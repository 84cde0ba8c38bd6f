import { describe, expect, it } from 'vitest';
import { svmTrace, svmTraceAfter } from '../../test/cli.ts';
import { scenario } from '../../test/scenario/scenario.ts';
import { TraceError } from '../errors.ts';
import { type PrintEventsOptions, printEvents } from './events.ts';

const PATH = scenario()
  .at(0, { cpu: 0, tid: 10, comm: 'one' })
  .fence('init', 1, 1)
  .after(1_500)
  .by({ cpu: 1, tid: 11, comm: 'two' })
  .fence('emit', 1, 1)
  .after(1_500)
  .by({ cpu: 3, tid: 12, comm: 'three' })
  .event('mmap:exit_mmap', { mm: 0xffff888001234000n })
  .file();

function lines(options: Partial<PrintEventsOptions> = {}, path = PATH): string[] {
  let text = '';
  printEvents(path, { style: 'plugins', ...options }, (chunk) => {
    text += chunk;
    return true;
  });
  return text.split('\n').slice(0, -1);
}

/** The events shown, by the CPU that recorded them. */
function cpus(options: Partial<PrintEventsOptions>): number[] {
  return lines(options)
    .slice(1)
    .map((line) => Number(/\[(\d+)\]/.exec(line)?.[1]));
}

describe('printEvents', () => {
  it('prints every event below the number of CPUs', () => {
    expect(lines()).toEqual([
      'cpus=4',
      '             one-10    [000]  1000.000000: dma_fence_init:       driver=test timeline=ring0 context=1 seqno=1',
      '             two-11    [001]  1000.000002: dma_fence_emit:       driver=test timeline=ring0 context=1 seqno=1',
      '           three-12    [003]  1000.000003: exit_mmap:            mt_mod (nil), DESTROY',
    ]);
  });

  it('shows threads, CPUs and event types as asked', () => {
    expect(cpus({ pid: '11' })).toEqual([1]);
    expect(cpus({ pid: '10,12' })).toEqual([0, 3]);
    expect(cpus({ cpu: '1-3' })).toEqual([1, 3]);
    expect(cpus({ cpu: '0,3' })).toEqual([0, 3]);
    expect(cpus({ event: ['exit_mmap'] })).toEqual([3]);
    expect(cpus({ event: ['dma_fence:*'] })).toEqual([0, 1]);
    expect(cpus({ event: ['*_init', 'mmap:exit_mma?'] })).toEqual([0, 3]);
    expect(cpus({ limit: 2 })).toEqual([0, 1]);
  });

  it('takes times as they are printed: rounded to microseconds, or in full', () => {
    expect(cpus({ from: '1000.000002' })).toEqual([1, 3]);
    expect(cpus({ to: '1000.000002' })).toEqual([0, 1]);
    expect(cpus({ from: '1000.000001501' })).toEqual([3]);
    expect(cpus({ from: '1000.000001500', to: '1000.000001500' })).toEqual([1]);
    expect(cpus({ from: '1001' })).toEqual([]);
  });

  it('takes ticks where the clock has no unit', () => {
    const path = scenario({ clock: 'x86-tsc', base: 5000n })
      .at(0)
      .fence('init', 1, 1)
      .after(100)
      .fence('emit', 1, 1)
      .file();
    expect(lines({ from: '5050' }, path)).toHaveLength(2);
    expect(lines({ to: '5050' }, path)[1]).toContain('[000]        5000: dma_fence_init:');
  });

  it('refuses what means nothing, and says what would', () => {
    for (const options of [{ from: 'noon' }, { pid: 'x' }, { cpu: '1-' }, { event: ['no:such'] }]) {
      expect(() => lines(options)).toThrow(TraceError);
    }
  });

  it('gives JSON with all digits', () => {
    const [first, , third] = lines({ json: true });
    expect(JSON.parse(first ?? '')).toMatchObject({
      id: 1,
      ts: 1_000_000_000_000,
      comm: 'one',
      type: 'dma_fence:dma_fence_init',
      fields: { driver: 'test', context: 1 },
    });
    expect(third).toContain('"mm":18446612682089119744');
  });

  it('stops reading when nobody reads on', () => {
    let chunks = 0;
    const path = scenario();
    for (let i = 0; i < 10_000; i++) path.after(10).fence('init', 1, i);
    printEvents(path.file(), { style: 'plugins' }, () => {
      chunks++;
      return false;
    });
    expect(chunks).toBe(1);
  });
});

describe('svm-trace events', () => {
  it('prints, and ends with 0', () => {
    const run = svmTrace('events', PATH, '-t', '--limit', '1');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toBe(
      'cpus=4\n             one-10    [000]  1000.000000000: dma_fence_init:       driver=test timeline=ring0 context=1 seqno=1\n',
    );
  });

  it('leaves the plugins out with -N and --no-plugins', () => {
    const path = scenario().at(0).event('kmem:kfree', { call_site: 1, ptr: 2 }).file();
    const forms = [['-N'], ['--no-plugins']].map(
      (flags) => svmTrace('events', path, ...flags).stdout,
    );
    expect(forms[0]).toBe(forms[1]);
    expect(forms[0]).toContain('call_site=0x1 ptr=0x2');
  });

  it('is quiet when the reader goes away', () => {
    const long = scenario();
    for (let i = 0; i < 20_000; i++) long.after(10).fence('init', 1, i);
    const run = svmTraceAfter('set -o pipefail; exec 1> >(head -n 1)', 'events', long.file());
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  it('ends with 2 and one line where there is nothing to print', () => {
    const run = svmTrace('events', PATH, '-e', 'nothing');
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/^svm-trace: no event type of this capture is called nothing\n/);
  });
});
