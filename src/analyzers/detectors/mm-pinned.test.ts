import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { mmPinned } from './mm-pinned.ts';

const process: RowOf = {
  pid: 599,
  comm: 'svmload2',
  start_ts: 0,
  end_ts: ms(40),
  end_event: 16,
  group_dead_known: 0,
};
const kworker: RowOf = { pid: 40, comm: 'kworker/2:1' };
const task: RowOf = { tid: 40, process_id: 2 };
const pinned: RowOf = {
  mm: 0x1000,
  process_id: 1,
  end_tid: 40,
  end_reason: 'other-task',
  end_ts: ms(2024),
  end_event: 30,
  drop_ts: ms(2025),
  drop_event: 31,
  lossy: 0,
};
const notifier: RowOf = {
  address_space_id: 1,
  mm: 0x1000,
  process_id: 1,
  insert_ret: 0,
  start_ts: ms(8),
  start_event: 10,
  end_ts: ms(41),
};

const judge = (space: RowOf, rows: object = {}, more: object = {}) =>
  run(mmPinned, {
    rows: {
      process: [process, kworker],
      task: [task],
      address_space: [space],
      notifier: [notifier],
      ...rows,
    },
    end: s(5),
    ...more,
  });

it('names the process whose memory stayed, for how long, and who let go of it', () => {
  expect(judge(pinned).findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'proven',
      summary:
        'The memory of svmload2 (pid 599) stayed after its death for 1.98 s, until kworker/2:1 (pid 40) gave it up: somebody held mm_users.',
      evidence: [16, 30, 31, 10],
      key: { pid: 599, mm: '0x1000', what: 'mm_users' },
    },
  ]);
});

it('is silent when the memory goes with the process', () => {
  expect(
    judge({ ...pinned, end_reason: 'exit', end_ts: ms(39), drop_ts: ms(41) }).findings,
  ).toEqual([]);
});

it('is silent when the process itself was slow to exit, as behind a notifier that waits', () => {
  const slow = { ...pinned, end_tid: 599, end_reason: 'exit', end_ts: s(4), drop_ts: s(4) };
  expect(judge(slow).findings).toEqual([]);
});

it('takes no exec for an exit', () => {
  expect(judge({ ...pinned, end_reason: 'exec' }).findings).toEqual([]);
});

it('is silent while a thread of the process lives: the leader alone exited', () => {
  const alive = { ...process, end_ts: null, leader_exit_ts: ms(40) };
  const shared = { ...pinned, end_reason: 'exit', end_ts: s(3), drop_ts: s(3) };
  expect(judge(shared, { process: [alive, kworker] }).findings).toEqual([]);
});

it('only mentions an mm that another user task ended: they may have shared it', () => {
  const rows = { process: [process, { pid: 40, comm: 'app' }] };
  expect(judge(pinned, rows).findings).toMatchObject([{ severity: 'info', confidence: 'suspect' }]);
});

it('reports memory that had not gone when the recording ended, unless its end would not show', () => {
  const open = { ...pinned, end_ts: null, end_event: null, end_tid: null, end_reason: null };
  expect(judge({ ...open, drop_ts: null }).findings).toMatchObject([
    { severity: 'warn', confidence: 'likely' },
  ]);
  expect(judge({ ...open, drop_ts: null, lossy: 1 }).findings).toEqual([]);
  expect(judge({ ...open, drop_ts: null, release_ts: s(1) }).findings).toEqual([]);
  expect(judge({ ...open, drop_ts: null }, {}, { end: ms(500) }).findings).toEqual([]);
});

it('only suspects a process from before the recording: it may have had more threads', () => {
  const rows = { process: [{ ...process, start_ts: null }, kworker] };
  expect(judge(pinned, rows).findings).toMatchObject([{ confidence: 'suspect' }]);
});

it('claims less when events were lost', () => {
  expect(judge({ ...pinned, lossy: 1 }).findings).toMatchObject([{ confidence: 'likely' }]);
});

const grabbed = { ...pinned, end_tid: 599, end_reason: 'exit', end_ts: ms(39), drop_ts: s(3.2) };

it('mentions a struct that stayed, where a device had mirrored the mm', () => {
  const [finding] = judge(grabbed).findings;
  expect(finding).toMatchObject({
    severity: 'info',
    confidence: 'suspect',
    key: { what: 'mm_count' },
  });
  expect(finding?.summary).toContain('or an idle CPU kept it as its lazy TLB mm');
  expect(judge(grabbed, { notifier: [] }).findings).toEqual([]);
  expect(judge({ ...grabbed, drop_ts: null }).findings).toEqual([]);
});

it('warns of a notifier that kept the struct for 10 s', () => {
  const left = { notifier: [{ ...notifier, end_ts: null }] };
  expect(judge({ ...grabbed, drop_ts: s(11) }, left, { end: s(20) }).findings).toMatchObject([
    { severity: 'warn', confidence: 'likely' },
  ]);
});

it('cannot know without the ends of address spaces or without time', () => {
  const { outcome } = judge(pinned, {}, { observed: ['task.exit'] });
  expect(outcome.reason).toContain('exit_mmap');
  expect(judge(pinned, {}, { clock: 'ticks' }).outcome.outcome).toBe('not-observable');
});
