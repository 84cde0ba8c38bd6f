import { expect, it } from 'vitest';
import type { FindingChain, FindingHop } from '../../../analyzers/finding.ts';
import { timeFormat } from '../../units.ts';
import { chainPath } from './chain-path.ts';

const time = timeFormat({ unit: 'ns' });
const WINDOW = { from: 0, to: 1_000 };

function hop(kind: string, since: number | null, tid = 7): FindingHop {
  const line = { event: 1, ts: 1, cpu: 0, tid, type: 'a:b', text: '' };
  return {
    object: { kind, id: 1, label: kind },
    state: 'stood',
    since,
    relation: 'waits for',
    certainty: 'recorded',
    evidence: [line],
  };
}

function path(hops: readonly FindingHop[], at: number) {
  const chain: FindingChain = { at, hops, end: { kind: 'lost', text: '', enable: [] } };
  return chainPath(chain, 'incident-1', WINDOW, time);
}

it('stands where all of the chain stood, the cause on the left', () => {
  const moments = path(
    [hop('invalidation', 100), hop('fence', 700), hop('job', null)],
    900,
  ).stops.map(({ ts }) => ts);
  expect(moments).toEqual([850, 800, 750]);
});

it('takes not more of a long window than is easily followed', () => {
  const [first, last] = path([hop('invalidation', 0), hop('fence', 0)], 1_000).stops;
  expect([first?.ts, last?.ts]).toEqual([800, 600]);
});

it('is one moment where the last began when it was looked at', () => {
  expect(path([hop('invalidation', 0), hop('fence', 900)], 900).stops.map(({ ts }) => ts)).toEqual([
    900, 900,
  ]);
});

it('lets the lanes of a thread stand for what a thread does, and for nothing else', () => {
  const { stops, lost } = path([hop('task', 0), hop('fence', 0), hop('lock_wait', 0, -1)], 900);
  expect(stops.map(({ tid }) => tid)).toEqual([7, undefined, undefined]);
  expect(stops.map(({ mark, number }) => `${number} ${mark}`)[1]).toBe('2 incident-1-hop-2');
  expect(lost).toBe(true);
});
