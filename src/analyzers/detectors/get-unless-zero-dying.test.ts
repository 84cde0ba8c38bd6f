import { expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { limitsOf } from '../threshold.ts';
import { getUnlessZeroDying } from './get-unless-zero-dying.ts';

const processes: RowOf[] = [
  { pid: 100, comm: 'app', start_ts: 0 },
  { pid: 40, comm: 'kworker/2:1' },
];
const tasks: RowOf[] = [
  { tid: 100, process_id: 1, generation: 0 },
  { tid: 40, process_id: 2, generation: 0 },
];
const mm: RowOf = {
  mm: 0x1000,
  process_id: 1,
  release_ts: ms(50),
  release_event: 20,
  end_ts: ms(51),
};
const notifier: RowOf = { mni: 0x8000, mm: 0x1000, address_space_id: 1, start_ts: ms(1) };
const fault: RowOf = {
  mni: 0x8000,
  tid: 40,
  range_start: 0x7000,
  range_end: 0x8000,
  last_ret: 0,
  start_ts: ms(60),
  start_event: 30,
  end_ts: ms(61),
  end_event: 31,
  lossy: 0,
};
const judge = (rows: object = {}, more: object = {}) =>
  run(getUnlessZeroDying, {
    rows: {
      process: processes,
      task: tasks,
      address_space: [mm],
      notifier: [notifier],
      range_fault: [fault],
      ...rows,
    },
    ...more,
  });

it('names who faulted in memory of whom after its notifiers were told', () => {
  expect(judge().findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        'kworker/2:1 (pid 40) faulted in 0x7000-0x8000 of app (pid 100) 10.0 ms after its notifiers had been told that it dies.',
      evidence: [20, 30, 31],
      key: { pid: 100, tid: 40, mm: '0x1000', what: 'faulted' },
    },
  ]);
});

it('is only information when it was refused', () => {
  const [finding] = judge({ range_fault: [{ ...fault, last_ret: -14 }] }).findings;
  expect(finding).toMatchObject({ severity: 'info' });
  expect(finding?.summary).toContain('and was refused: -EFAULT (-14)');
});

it('is critical after the struct was freed', () => {
  const rows = { address_space: [{ ...mm, drop_ts: ms(55), drop_event: 25 }] };
  expect(judge(rows).findings).toMatchObject([
    { severity: 'critical', evidence: [20, 30, 31, 25] },
  ]);
});

it.each([
  ['the fault came before the release', { range_fault: [{ ...fault, start_ts: ms(49) }] }],
  [
    'the clocks of two CPUs may differ by as much',
    { range_fault: [{ ...fault, start_ts: ms(50) + 50_000 }] },
  ],
  [
    'the notifier belongs to the next owner of the pointer',
    {
      notifier: [{ ...notifier, address_space_id: 2, start_ts: ms(55) }],
      address_space: [mm, { mm: 0x1000, generation: 1 }],
    },
  ],
  [
    'the notifier was removed and its memory used again',
    { notifier: [{ ...notifier, end_ts: ms(52) }] },
  ],
])('is silent when %s', (_, rows) => {
  expect(judge(rows).findings).toEqual([]);
});

const late: RowOf = {
  mni: 0x9000,
  mm: 0x1000,
  address_space_id: 2,
  tid: 40,
  source: 'insert',
  insert_ret: 0,
  start_ts: ms(60),
  start_event: 33,
  lossy: 0,
};

it('finds a notifier registered on a struct that was not yet freed', () => {
  const rows = {
    notifier: [late],
    range_fault: [],
    address_space: [{ ...mm, drop_ts: ms(90) }],
  };
  expect(judge(rows).findings).toMatchObject([
    { severity: 'error', confidence: 'proven', key: { what: 'registered' } },
  ]);
  const freed = { ...rows, address_space: [{ ...mm, drop_ts: ms(55) }] };
  expect(judge(freed).findings).toEqual([]);
  const unknown = { ...rows, address_space: [mm] };
  expect(judge(unknown).findings).toEqual([]);
  const own = { ...rows, notifier: [{ ...late, tid: 100 }] };
  expect(judge(own).findings).toEqual([]);
});

it('only suspects where events were lost', () => {
  expect(judge({ range_fault: [{ ...fault, lossy: 1 }] }).findings).toMatchObject([
    { confidence: 'suspect' },
  ]);
});

it('cannot know without the ends of address spaces', () => {
  const { outcome } = judge({}, { observed: ['task.exit', 'notifier.insert'] });
  expect(outcome.reason).toContain('__mmu_notifier_release');
});

it('judges by the limits it is given', () => {
  const limits = limitsOf({ 'get-unless-zero-dying': { order: '10 ms' } }, [
    getUnlessZeroDying.meta,
  ]);
  expect(judge({}, { limits }).findings).toEqual([]);
});
