import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { restoreLivelock } from './restore-livelock.ts';

const processes: RowOf[] = [
  { pid: 10, comm: 'app', start_ts: 0 },
  { pid: 40, comm: 'kworker/2:1' },
];
const tasks: RowOf[] = [{ tid: 40, process_id: 2, generation: 0 }];
const attempt = (n: number, more: RowOf = {}): RowOf => ({
  function: 'svm_range_restore_work',
  work: 0x5000,
  tid: 40,
  process_id: 1,
  mm: 0x1000,
  faults: 1,
  failed: 1,
  last_ret: -14,
  evicted_ts: ms(1),
  evicted_event: 1,
  source: 'probe',
  start_ts: ms(10 + 2 * n),
  start_event: 10 + 2 * n,
  end_ts: ms(11 + 2 * n),
  end_event: 11 + 2 * n,
  lossy: 0,
  ...more,
});
const attempts = (count: number, more: RowOf = {}): RowOf[] =>
  Array.from({ length: count }, (_, n) => attempt(n, more));
const judge = (rows: object, more: object = {}) =>
  run(restoreLivelock, { rows: { process: processes, task: tasks, ...rows }, end: s(3), ...more });

it('names whose queues are not restored, how often, and with which error', () => {
  expect(judge({ restore_attempt: attempts(60) }).findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        'svm_range_restore_work failed to restore the queues of app (pid 10) 60 times in a row in 118 ms, always with -EFAULT (-14): the program stands still and the worker never ends.',
      from: ms(1),
      key: { pid: 10, tid: 40, mm: '0x1000' },
    },
  ]);
  const [finding] = judge({ restore_attempt: attempts(60) }).findings;
  expect(finding?.evidence.slice(0, 3)).toEqual([1, 10, 11]);
  expect(finding?.next[0]).toContain('munmap');
});

it.each([
  ['there are few attempts, as after a burst', attempts(49)],
  [
    'one of them succeeds',
    attempts(80).map((row, n) => (n === 40 ? { ...row, outcome: 'restored' } : row)),
  ],
  ['the faults inside succeed', attempts(80, { failed: 0, last_ret: null })],
  ['they are of two processes', attempts(80).map((row, n) => ({ ...row, work: n % 2 }))],
  ['they are seconds apart', attempts(80).map((row, n) => ({ ...row, start_ts: s(2 * n) }))],
])('is silent when %s', (_, rows) => {
  expect(judge({ restore_attempt: rows }, { end: s(200) }).findings).toEqual([]);
});

it('believes the driver that says it tries again', () => {
  const again = attempts(60, {
    source: 'smi',
    work: null,
    function: null,
    outcome: 'again',
    faults: 0,
    failed: 0,
    last_ret: null,
  });
  const [finding] = judge({ restore_attempt: again }).findings;
  expect(finding).toMatchObject({ severity: 'error', confidence: 'proven' });
  expect(finding?.summary).toContain(
    'The driver failed to restore the queues of app (pid 10) 60 times',
  );
});

it('only suspects workers of which nothing inside was recorded', () => {
  const unseen = attempts(60, { faults: 0, failed: 0, last_ret: null });
  expect(judge({ restore_attempt: unseen }).findings).toMatchObject([
    { severity: 'warn', confidence: 'suspect' },
  ]);
});

const fault = (n: number, more: RowOf = {}): RowOf => ({
  tid: 40,
  process_id: 1,
  mm: 0x1000,
  range_start: 0x7000,
  range_end: 0x8000,
  attempts: 1,
  last_ret: -14,
  start_ts: ms(2 * n),
  start_event: 2 * n + 1,
  end_event: 2 * n + 2,
  lossy: 0,
  ...more,
});
const faults = (more: RowOf = {}): RowOf[] => Array.from({ length: 60 }, (_, n) => fault(n, more));

it('finds a worker that fails one range without end, where its function was not probed', () => {
  const [finding] = judge({ range_fault: faults() }).findings;
  expect(finding).toMatchObject({ confidence: 'likely', key: { pid: 10, tid: 40 } });
  expect(finding?.summary).toContain(
    'A worker failed the same range fault of 0x7000-0x8000 of app (pid 10) 60 times',
  );
  // the same seen twice is told once
  const both = { range_fault: faults(), restore_attempt: attempts(60) };
  expect(judge(both).findings).toHaveLength(1);
});

it('says nothing of a program whose own ioctl fails', () => {
  const own = { range_fault: faults({ tid: 10 }), task: [{ tid: 10, process_id: 1 }] };
  expect(judge(own).findings).toEqual([]);
});

it('only suspects where events were lost: the success may be among them', () => {
  expect(judge({ restore_attempt: attempts(60, { lossy: 1 }) }).findings).toMatchObject([
    { severity: 'warn', confidence: 'suspect' },
  ]);
});

it('cannot know without the workers, results of faults or messages of the driver', () => {
  const { outcome } = judge({}, { observed: ['probe.enter'] });
  expect(outcome.outcome).toBe('not-observable');
  expect(judge({}, { clock: 'ticks' }).outcome.outcome).toBe('not-observable');
});
