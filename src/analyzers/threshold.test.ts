import { expect, it } from 'vitest';
import type { DetectorMeta } from './detector.ts';
import { limitsOf, type Threshold, thresholdText } from './threshold.ts';

const warn: Threshold = { name: 'warn', unit: 'ns', default: 10e6, doc: 'Long.' };
const many: Threshold = { name: 'many', unit: 'count', default: 5, doc: 'Many.' };
const meta: DetectorMeta = {
  id: 'slow',
  number: 'D0',
  title: '',
  description: '',
  severity: 'warn',
  needs: [],
  uses: [],
  thresholds: [warn, many],
  traps: [],
  references: [],
};
const limits = (slow: Record<string, number | string>) => limitsOf({ slow }, [meta]);

it('takes numbers in the unit of the threshold, and durations with their own', () => {
  expect([...limits({ warn: 5, many: 7 })]).toEqual([
    [warn, 5],
    [many, 7],
  ]);
  expect(limits({ warn: '20 ms' }).get(warn)).toBe(20e6);
  expect(limits({ warn: '1.5s' }).get(warn)).toBe(1.5e9);
});

it.each<[Record<string, number | string>, RegExp]>([
  [{ warm: 1 }, /slow has no warm/],
  [{ warn: -1 }, /cannot be -1/],
  [{ warn: 'soon' }, /cannot be "soon"/],
  [{ many: '5 ms' }, /cannot be "5 ms"/],
  [{ many: Number.NaN }, /cannot be/],
])('refuses %j', (values, message) => {
  expect(() => limits(values)).toThrow(message);
});

it('refuses a detector there is not', () => {
  expect(() => limitsOf({ fast: {} }, [meta])).toThrow(/no detector fast/);
});

it('reads well', () => {
  expect(thresholdText(warn)).toBe('10 ms');
  expect(thresholdText({ ...warn, default: 1e9 })).toBe('1 s');
  expect(thresholdText(many)).toBe('5 (count)');
});
