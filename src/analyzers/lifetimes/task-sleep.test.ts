import { expect, it } from 'vitest';
import { objectsOf } from '../../../test/run-capture.ts';
import { type Scenario, scenario } from '../../../test/scenario/scenario.ts';
import { sleepState } from '../../kernel/sleepers.ts';

const ms = (value: number): number => value * 1e6;
const S = 1;
const D = 2;
const IDLE = 0x80;

const switched = (
  made: Scenario,
  at: number,
  prev: number,
  state: number,
  next: number,
): Scenario =>
  made
    .at(ms(at), { cpu: 0, tid: prev, comm: `t${prev}` })
    .event('sched:sched_switch', { prev_pid: prev, prev_state: state, next_pid: next });

/** Thread 10 leaves its CPU in that state and comes back after so many milliseconds. */
function sleeps(state: number, long: number): readonly unknown[] {
  let made = switched(scenario({ kernel: '6.12' }), 1, 10, state, 20);
  made = switched(made, 1 + long, 20, S, 10);
  return objectsOf(switched(made, 2 + long, 10, 0, 20).file()).rows('task_sleep');
}

it('keeps sleeps that are long for their kind', () => {
  expect(sleeps(D, 6)).toMatchObject([
    { tid: 10, state: 'D', start_ts: 0, end_ts: ms(6), start_event: 1, end_event: 2 },
  ]);
  expect(sleeps(0, 6)).toMatchObject([{ tid: 10, state: 'R', start_event: null, end_event: 2 }]);
  expect(sleeps(S, 201)).toMatchObject([{ tid: 10, state: 'S', end_ts: ms(201) }]);
  expect(sleeps(D, 4)).toEqual([]);
  expect(sleeps(S, 190)).toEqual([]);
  // idle kernel threads wait for nothing
  expect(sleeps(IDLE, 900)).toEqual([]);
});

it('keeps those that last when the capture ends', () => {
  let made = switched(scenario({ kernel: '6.12' }), 0, 10, D, 20);
  made = switched(made, 1, 20, S, 30);
  made = switched(made, 90, 30, D, 0);
  const rows = objectsOf(made.file()).rows('task_sleep');
  expect(rows).toMatchObject([{ tid: 10, state: 'D', start_ts: 0, start_event: 1, end_ts: null }]);
});

it('reads the states of text recordings and of bits', () => {
  expect(['D', 'D|K', 'S', 'R+', 'R', 'I', 'X', 'T'].map(sleepState)).toEqual([
    ...['D', 'D', 'S', 'R', 'R', undefined, undefined, undefined],
  ]);
  expect([0, 0x100, 1, 2, 0x82, 0x80, 4, 0x20].map(sleepState)).toEqual([
    ...['R', 'R', 'S', 'D', undefined, undefined, undefined, undefined],
  ]);
});
