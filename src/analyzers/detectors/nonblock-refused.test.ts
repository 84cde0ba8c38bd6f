import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { nonblockRefused } from './nonblock-refused.ts';

const victim: RowOf = { pid: 162, comm: 'svmload2', start_ts: 0, killed_ts: ms(90) };
const reaper: RowOf = { pid: 31, comm: 'oom_reaper' };
const mm: RowOf = { mm: 0x1000, process_id: 1, end_ts: s(4), end_event: 90 };
const refusal: RowOf = {
  mm: 0x1000,
  address_space_id: 1,
  tid: 31,
  process_id: 2,
  victim_process_id: 1,
  range_start: 0x7fb452122000,
  range_end: 0x7fb464432000,
  flags: 0,
  reason: 0,
  ret: -11,
  refused: 1,
  callback_function: 'sl_invalidate',
  start_ts: ms(100),
  start_event: 10,
  return_event: 11,
  lossy: 0,
};
const again = (n: number): RowOf => ({
  ...refusal,
  start_ts: ms(100 + 100 * n),
  start_event: 10 + 10 * n,
  return_event: 11 + 10 * n,
});
const fence: RowOf = {
  context: 4,
  seqno: 1,
  driver: 'svmlab',
  timeline: 'ring0',
  owner_process_id: 1,
  first_ts: 0,
  init_ts: 0,
  init_event: 1,
  signaled_ts: s(3),
};

const judge = (rows: Readonly<Record<string, readonly RowOf[]>>, more: object = {}) =>
  run(nonblockRefused, {
    rows: { process: [victim, reaper], address_space: [mm], ...rows },
    end: s(10),
    ...more,
  });

it('names who was refused whose memory how often, and the job behind it', () => {
  const { findings } = judge({ invalidation: [refusal, again(1), again(2)], fence: [fence] });
  expect(findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'proven',
      summary:
        'oom_reaper (pid 31) was refused the memory of svmload2 (pid 162) 3 times while fence 4:1 (svmlab ring0) was pending, because the caller may not block; the memory was freed 3.90 s later.',
      evidence: [10, 11, 20, 21, 30, 31, 1, 90],
      key: { pid: 162, tid: 31, mm: '0x1000' },
    },
  ]);
});

it('counts refusals of several mappings in one try as one try', () => {
  const beside = { ...refusal, start_ts: ms(101) };
  const [finding] = judge({ invalidation: [refusal, beside, again(1)] }).findings;
  expect(finding?.summary).toContain('3 times in 2 tries');
});

it('is only information when the memory was freed within a second', () => {
  const freed = { ...mm, end_ts: ms(600) };
  expect(judge({ invalidation: [refusal], address_space: [freed] }).findings).toMatchObject([
    { severity: 'info' },
  ]);
});

it('warns when the memory never was freed, but not when the recording ends at once', () => {
  const rows = { invalidation: [refusal], address_space: [{ ...mm, end_ts: null }] };
  expect(judge(rows).findings).toMatchObject([{ severity: 'warn' }]);
  expect(judge(rows).findings[0]?.summary).toContain('was not freed in the 9.90 s left');
  expect(judge(rows, { end: ms(500) }).findings).toMatchObject([{ severity: 'info' }]);
});

it('is an error of the driver where the caller was allowed to block', () => {
  expect(judge({ invalidation: [{ ...refusal, flags: 1 }] }).findings).toMatchObject([
    { severity: 'error' },
  ]);
});

it('leaves open what it may do where the flags were not recorded', () => {
  const [finding] = judge({ invalidation: [{ ...refusal, flags: null }] }).findings;
  expect(finding).toMatchObject({ confidence: 'likely' });
  expect(finding?.summary).toContain('with -EAGAIN');
});

it('does not say that memory stayed when its end may be among lost events', () => {
  const rows = {
    invalidation: [{ ...refusal, lossy: 1 }],
    address_space: [{ ...mm, end_ts: null }],
  };
  const [finding] = judge(rows).findings;
  expect(finding).toMatchObject({ severity: 'info', confidence: 'likely' });
  expect(finding?.summary).not.toContain('freed');
});

it('is silent where nothing was refused', () => {
  expect(judge({ invalidation: [{ ...refusal, ret: 0, refused: 0 }] }).outcome.outcome).toBe(
    'clean',
  );
});

const line: RowOf = {
  class: 'oom-reap-failed',
  comm: 'svmload2',
  pid: 162,
  text: 'oom_reaper: unable to reap pid:162 (svmload2)',
  events: '[80]',
  start_ts: s(2),
  end_ts: s(2),
};

it('believes the kernel log where nothing else was recorded, and is not told twice', () => {
  const only = { observed: ['log.record'] };
  expect(judge({ log_record: [line] }, only).findings).toMatchObject([
    { severity: 'warn', confidence: 'likely', evidence: [80], key: { pid: 162 } },
  ]);
  expect(judge({}, only).outcome.outcome).toBe('not-observable');
  expect(judge({ log_record: [line], invalidation: [refusal] }).findings).toHaveLength(1);
  const nameless = { ...refusal, victim_process_id: null };
  expect(judge({ log_record: [line], invalidation: [nameless] }).findings).toHaveLength(1);
});

it('cannot know with wrong offsets or without return values', () => {
  const rows = { invalidation: [refusal] };
  expect(judge(rows, { saneProbes: false }).outcome.outcome).toBe('not-observable');
  const { outcome } = judge(rows, { observed: ['invalidation.begin'] });
  expect(outcome.outcome).toBe('not-observable');
  expect(outcome.enable?.join()).toContain('inval_start_ret');
});
