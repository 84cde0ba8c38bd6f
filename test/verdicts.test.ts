/** Recordings that expected.json does not speak of, judged by hand from their golden texts. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), '../fixtures');

/** Each finding as `severity confidence detector: fence or length`, but for what was not recorded. */
async function verdicts(capture: string): Promise<string[]> {
  const { result } = await analyze(join(FIXTURES, capture), { strict: true });
  return result.findings
    .filter(({ detector }) => detector !== 'tool-blind')
    .map(({ severity, confidence, detector, key, from, to }) => {
      const what = key.fence ?? `${Math.round((to - from) / 1e6)} ms`;
      return `${severity} ${confidence} ${detector}: ${what}`;
    });
}

it('a group leader that exits before its thread is nothing', async () => {
  expect(await verdicts('c612-leader-exit/leader-exit.dat')).toEqual([]);
});

it('a pid that lives twice: only the first life left fences behind', async () => {
  expect(await verdicts('c612-pid-reuse/pid-reuse.dat')).toEqual([
    'error likely fence-never-signalled: 22:2',
    'error likely fence-never-signalled: 22:3',
  ]);
});

it('the release of a killed mm waits 5 s in vain and the zap after it until the job ends', async () => {
  expect(await verdicts('c612-oom-refused/oom-refused.dat')).toEqual([
    'error likely invalidate-stall: 5086 ms',
    'warn proven nonblock-refused: 937 ms',
    'warn proven invalidate-stall: 765 ms',
    'info likely fence-wait-timeout: 4:1',
  ]);
});

it('a two-pass notifier (7.x) waits in its second pass', async () => {
  expect(await verdicts('s72-svm-twopass/svm-twopass.dat')).toEqual([
    'warn proven invalidate-stall: 201 ms',
    'warn proven invalidate-stall: 21 ms',
    'info likely unmap-under-job: 21 ms',
  ]);
});

it('an mm that a worker keeps for 2 s after its process died', async () => {
  expect(await verdicts('c612-mm-pinned/mm-pinned.dat')).toEqual([
    'warn proven mm-pinned: 1984 ms',
  ]);
});

it('a fork under a job, and the copy-on-write after it', async () => {
  expect(await verdicts('c612-svm-fork/svm-fork.dat')).toEqual([
    'warn proven fork-under-job: 310 ms',
    'warn proven invalidate-stall: 309 ms',
    'warn proven invalidate-stall: 123 ms',
  ]);
});

it('notifiers made for each use and not removed', async () => {
  expect(await verdicts('c612-notifier-leak/notifier-leak.dat')).toEqual([
    'warn likely notifier-leak: 1412 ms',
  ]);
});

it('a notifier on the whole address space', async () => {
  expect(await verdicts('c612-svm-whole/svm-whole.dat')).toEqual([
    'warn likely notifier-too-wide: 18 ms',
  ]);
});

it('errors that no probe shows are undecidable, not absent', async () => {
  const capture = join(FIXTURES, 's612-svm-error/svm-error.dat');
  const { result } = await analyze(capture, { strict: true });
  const run = result.detectors.find(({ detector }) => detector === 'fence-error');
  expect(run?.outcome).toBe('not-observable');
  expect(run?.enable?.join()).toContain('dma_fence_signal_timestamp_locked');
});

it('memory that the device and the CPU use in turn', async () => {
  expect(await verdicts('c612-migrate-pingpong/migrate-pingpong.dat')).toEqual([
    'warn proven migration-thrash: 90 ms',
  ]);
});

it('selftests of i915 that wait in vain on purpose leave nothing behind', async () => {
  const found = await verdicts('c612-i915-requests/i915-requests.dat');
  expect(found.filter((one) => !one.startsWith('info'))).toEqual([]);
});

it('one fence of four signals 212 ms after a later one of its context', async () => {
  expect(await verdicts('c612-svm-ooo/svm-ooo.dat')).toEqual(['warn likely fence-order: 212 ms']);
});

it('a fence released unsignalled', async () => {
  expect(await verdicts('c612-fence-drop/fence-drop.dat')).toEqual([
    'error proven fence-never-signalled: 4:2',
  ]);
});

it('a job that runs on the failed result of a dead client', async () => {
  expect(await verdicts('c612-dep-err/dep-err.dat')).toEqual([
    'error proven dead-client-fence: 10:1',
    'error proven fence-error: 10:1',
    'warn proven fence-error: 10:1',
  ]);
});

it('a job that waits for ever for the fence of a dead client', async () => {
  expect(await verdicts('c612-dep-never/dep-never.dat')).toEqual([
    'error proven dead-client-fence: 4:1',
    'error likely fence-never-signalled: 4:1',
    'error likely fence-never-signalled: 7:1',
    'warn likely fence-wait-timeout: 7:1',
  ]);
});

it('one job behind two hundred of another client', async () => {
  expect(await verdicts('c612-sched-starve/sched-starve.dat')).toEqual([
    'warn likely sched-starvation: 10:1',
  ]);
});

it('one process stands behind the hung job of another, which the chain of its stall leads to', async () => {
  const capture = join(FIXTURES, 's612-xpu-behind/xpu-behind.dat');
  const { result } = await analyze(capture, { strict: true });
  const [stall] = result.findings.filter(({ detector }) => detector === 'invalidate-stall');
  expect(stall).toMatchObject({ severity: 'error', confidence: 'proven', key: { pid: 209 } });
  expect(stall?.chain?.hops.map(({ object }) => object.label).slice(1)).toEqual([
    'fence 2:2 (xpu compute0)',
    'fence 2:1 (xpu compute0)',
  ]);
  expect(stall?.chain?.end.text).toContain('greedy (pid 208) made it');
  const cause = result.findings.find(({ detector }) => detector === 'fence-error');
  expect(result.incidents).toMatchObject([{ cause: cause?.id }]);
});

it('a PASID that two processes have in turn: the late faults are those of the dead one', async () => {
  const capture = join(FIXTURES, 's612-xpu-recycled/xpu-recycled.dat');
  const { result } = await analyze(capture, { strict: true });
  const failures = result.findings.filter(({ detector }) => detector !== 'tool-blind');
  expect(failures).toMatchObject([
    {
      detector: 'post-exit-gpu-fault',
      confidence: 'proven',
      key: { pid: 269, pasid: 77 },
      summary: expect.stringMatching(/^11 page faults .* 1 before were served\.$/),
    },
  ]);
});

it('a retry loop that begins after mmu_interval_read_begin: each of its tries is one fault', async () => {
  const capture = join(FIXTURES, 's612-xpu-stale/xpu-stale.dat');
  const { result } = await analyze(capture, { strict: true });
  const faults = result.objects.find(({ kind }) => kind === 'range_fault');
  expect(faults?.total).toBe(3);
  expect(result.incidents).toHaveLength(1);
  expect(result.findings.map(({ detector }) => detector)).not.toContain('hmm-timeout');
  const [loop] = result.findings.filter(({ detector }) => detector === 'hmm-stale-sequence');
  expect(loop?.summary).toContain('1305 of 1308 attempts');
});

it('a buffer that is used ten seconds after its device was unplugged', async () => {
  expect(await verdicts('c612-unplug-dmabuf/unplug-dmabuf.dat')).toEqual([
    'error likely dmabuf-outlives-device: 9935 ms',
    'info likely fence-latency: 6:1',
    'info proven use-after-unplug: 9521 ms',
  ]);
});
