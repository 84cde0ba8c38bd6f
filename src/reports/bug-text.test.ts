import { expect, it } from 'vitest';
import { sampleResult } from '../../test/sample-result.ts';
import { bugText } from './bug-text.ts';

it('says what, where, how sure, and shows the events', () => {
  const result = sampleResult({
    capture: {
      ...sampleResult().capture,
      path: '/home/someone/secret/stall.dat',
      uname: 'Linux 6.12',
    },
  });
  const [stall] = result.findings;
  if (!stall) throw new Error('the sample has findings');
  expect(bugText(stall, result).split('\n').slice(0, 16)).toMatchInlineSnapshot(`
    [
      "mprotect() by svmload (tid 172) was held up for 411.8 ms in mmu_notifier_invalidate_range_start: svmlab_invalidate waited 409.2 ms for fence 3:2 (svmlab-ring0).",
      "",
      "Kernel: Linux 6.12",
      "Recording: stall.dat (trace.dat 7), clock mono, 68,336 events",
      "Complete: At least 1,200 events lost on CPUs 0, 2",
      "Found by: svm-trace 0.1.0, detector invalidate-stall, severity error, proven",
      "",
      "Range: 0x7f2a4c000000",
      "Range size: 64 KiB",
      "Held up: 411.8 ms",
      "Began: +1.402000 s",
      "Fence waits inside: 1",
      "Returned: -11 (-EAGAIN)",
      "Waited for: fence 3:2 (svmlab-ring0)",
      "Actor: <script>alert(1)</script>",
      "",
    ]
  `);
});
