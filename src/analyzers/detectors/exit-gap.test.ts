import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { exitGap } from './exit-gap.ts';

const process: RowOf = {
  pid: 720,
  comm: 'app',
  start_ts: 0,
  end_ts: ms(51),
  end_event: 16,
  files_closed_ts: ms(450),
  files_closed_event: 40,
};
const mm: RowOf = { mm: 0x1000, process_id: 1, end_ts: ms(50), end_event: 15, end_reason: 'exit' };
const notifier: RowOf = { address_space_id: 1, mm: 0x1000, process_id: 1 };
const job: RowOf = {
  context: 6,
  seqno: 2,
  driver: 'xe',
  timeline: 'ccs',
  owner_process_id: 1,
  init_ts: ms(40),
  signaled_ts: ms(440),
  signaled_event: 39,
};
const base = { process: [process], address_space: [mm], notifier: [notifier], fence: [job] };
const judge = (rows: object = {}, more: object = {}) =>
  run(exitGap, { rows: { ...base, ...rows }, end: s(2), ...more });

it('tells how long the context lived without memory and what the device did meanwhile', () => {
  const run_: RowOf = { owner_process_id: 1, run_ts: ms(100), run_event: 20 };
  expect(judge({ job: [run_] }).findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'likely',
      summary:
        'The device file of app (pid 720) was closed 400 ms after its memory was gone: 1 job started, fence 6:2 (xe ccs) signalled in between.',
      from: ms(50),
      to: ms(450),
      evidence: [15, 20, 39, 40],
      key: { pid: 720, mm: '0x1000' },
    },
  ]);
});

it('is information where the device was idle in the window', () => {
  expect(judge({ fence: [] }).findings).toMatchObject([{ severity: 'info' }]);
});

const closedAtOnce = { process: [{ ...process, files_closed_ts: ms(52) }] };

it('is silent when the file is closed at once, whatever signals later', () => {
  expect(judge(closedAtOnce).findings).toEqual([]);
});

it('warns of a short window with a device fault in it', () => {
  const fault: RowOf = { process_id: 1, start_ts: ms(51), start_event: 17, ret: -14 };
  const [finding] = judge({ ...closedAtOnce, device_fault: [fault] }).findings;
  expect(finding).toMatchObject({ severity: 'warn' });
  expect(finding?.summary).toContain('1 device fault in between');
  const later = { ...fault, start_ts: ms(60) };
  expect(judge({ ...closedAtOnce, device_fault: [later] }).findings).toEqual([]);
});

it('takes the last thing the device did where the closing was not recorded', () => {
  const open = { process: [{ ...process, files_closed_ts: null, files_closed_event: null }] };
  const [finding] = judge(open).findings;
  expect(finding).toMatchObject({ confidence: 'suspect', to: ms(440) });
  expect(finding?.summary).toContain('worked for app (pid 720) up to 390 ms after');
  expect(judge({ ...open, fence: [] }).findings).toEqual([]);
});

it.each([
  ['no device mirrored the memory', { notifier: [] }],
  ['the process called exec', { address_space: [{ ...mm, end_reason: 'exec' }] }],
  ['only a thread exited', { process: [{ ...process, end_ts: null }] }],
  [
    'somebody else held the memory (mm-pinned)',
    { address_space: [{ ...mm, end_reason: 'other-task' }] },
  ],
])('is silent when %s', (_, rows) => {
  expect(judge(rows).findings).toEqual([]);
});

it('only suspects a process from before the recording, and where events were lost', () => {
  const born = { process: [{ ...process, start_ts: null }] };
  expect(judge(born).findings).toMatchObject([{ confidence: 'suspect' }]);
  const losses = [{ buffer: 0, cpu: 0, from: ms(60), to: ms(61), events: 5, kind: 'dropped' }];
  expect(judge({}, { losses }).findings).toMatchObject([{ confidence: 'suspect' }]);
});

it('cannot know without exits, ends of memory or time', () => {
  expect(judge({}, { clock: 'ticks' }).outcome.outcome).toBe('not-observable');
  const { outcome } = judge({}, { observed: ['notifier.insert', 'mm.exit'] });
  expect(outcome.enable?.join()).toContain('sched_process_exit');
});
