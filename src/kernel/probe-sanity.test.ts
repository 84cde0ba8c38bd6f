import { describe, expect, it } from 'vitest';
import type { EventType } from '../parsers/parser.ts';
import type { Occurrence, OccurrenceOf } from './occurrence.ts';
import { ProbeSanity } from './probe-sanity.ts';

const TYPE: EventType = {
  index: 0,
  id: 1,
  system: 'svm',
  name: 'inval_start',
  fields: [],
  printFormat: '',
};

function begin(rest: Partial<OccurrenceOf<'invalidation.begin'>>): Occurrence {
  return {
    kind: 'invalidation.begin',
    mm: 0xff12,
    start: 0x1000,
    end: 0x2000,
    flags: 1,
    reason: 2,
    owner: undefined,
    source: 'probe',
    sane: true,
    event: 1,
    ts: 0,
    cpu: 0,
    tid: 1,
    ...rest,
  };
}

describe('arguments that cannot be', () => {
  it.each([
    ['start beyond end', { start: 0xff12af4381d33180n, end: 0x7f7e20ea1000 }],
    ['flags of other bits', { flags: 4993024 }],
    ['no mmu_notifier_event', { reason: 32767 }],
  ])('%s', (_, wrong) => {
    const sanity = new ProbeSanity();
    const reviewed = sanity.review(begin(wrong), TYPE, 'f');
    expect(reviewed).toMatchObject({ sane: false, mm: undefined, start: undefined });
    expect(sanity.checks).toMatchObject([{ event: 'inval_start', checked: 1, failed: 1 }]);
  });

  it('make nothing of the probe believed any more', () => {
    const sanity = new ProbeSanity();
    sanity.review(begin({ flags: 4993024 }), TYPE, 'f');
    expect(sanity.review(begin({}), TYPE, 'f')).toMatchObject({ sane: false });
  });
});

it('the whole address space and an empty range are possible', () => {
  const sanity = new ProbeSanity();
  for (const range of [
    { start: 0, end: 0xffffffffffffffffn },
    { start: 0x1000, end: 0x1000 },
  ]) {
    expect(sanity.review(begin(range), TYPE, 'f')).toMatchObject({ sane: true });
  }
  expect(sanity.checks).toMatchObject([{ checked: 2, failed: 0 }]);
});

it("a driver callback loses the range but keeps its notifier, which is no part of the range's struct", () => {
  const probe: Occurrence = {
    kind: 'probe.enter',
    function: 'drv_inval',
    module: undefined,
    role: 'unknown',
    args: { mni: 0x99, mm: 1, start: 9, end: 5, event: 3 },
    event: 1,
    ts: 0,
    cpu: 0,
    tid: 1,
  };
  const reviewed = new ProbeSanity().review(probe, TYPE, 'drv_inval');
  expect(reviewed).toMatchObject({ args: { mni: 0x99 } });
  expect(reviewed.kind === 'probe.enter' && 'start' in reviewed.args).toBe(false);
});
