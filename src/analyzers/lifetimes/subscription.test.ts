import { describe, expect, it } from 'vitest';
import { exec, type Happening, live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const MM = 0x1000;
const MN = 0x77;
const born: Happening = [0, 10, exec('/bin/app', 10)];
const register: OccurrenceData = { kind: 'subscription.register', subscription: MN, mm: MM };
const get: OccurrenceData = { kind: 'subscription.get', mm: MM };
const got: OccurrenceData = { kind: 'subscription.get_return', subscription: MN };
const put: OccurrenceData = { kind: 'subscription.put', subscription: MN };

describe('a notifier of a whole mm', () => {
  it('lives from register to unregister, and its mm is that of who registered it', () => {
    const lived = live([
      born,
      [1, 10, register],
      [9, 11, { kind: 'subscription.unregister', subscription: MN }],
    ]);
    expect(lived.row('subscription')).toMatchObject({
      pointer: MN,
      mm: MM,
      process_id: 1,
      tid: 10,
      source: 'register',
      start_ts: 1e6,
      end_ts: 9e6,
    });
  });

  it('that was got twice ends with the second put; the register inside a get does not count', () => {
    const twice: Happening[] = [
      born,
      [1, 10, get],
      [1.1, 10, register],
      [1.2, 10, got],
      [2, 10, get],
      [2.1, 10, got],
      [3, 10, put],
    ];
    expect(live(twice).row('subscription')).toMatchObject({ gets: 2, puts: 1, source: 'get' });
    expect(live(twice).row('subscription')).not.toHaveProperty('end_ts');
    expect(live([...twice, [4, 10, put]]).row('subscription')).toMatchObject({ end_ts: 4e6 });
  });

  it('is one where a probe on mmu_notifier_register and one on what it calls both tell of it', () => {
    const both: Happening[] = [born, [1, 10, register], [1.1, 10, register]];
    expect(live(both).rows('subscription')).toMatchObject([{ gets: 1, start_ts: 1e6 }]);
    const anew: Happening[] = [born, [1, 10, register], [900, 10, register]];
    expect(live(anew).rows('subscription')).toHaveLength(2);
  });

  it('that could not be got never lived', () => {
    const failed: OccurrenceData = { kind: 'subscription.get_return', subscription: undefined };
    expect(live([born, [1, 10, get], [1.1, 10, failed]]).rows('subscription')).toEqual([]);
  });
});
