import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AddressIndex, type Ranged } from './address-index.ts';

const ranges = fc.array(
  fc
    .tuple(fc.nat(2 ** 20), fc.integer({ min: 1, max: 2 ** 18 }))
    .map(([start, length]) => ({ start, end: start + length })),
  { maxLength: 40 },
);

it('finds what a walk over all of them finds, after some were taken out again', () => {
  fc.assert(
    fc.property(ranges, fc.nat(2 ** 21), fc.nat(40), (all, address, out) => {
      const index = new AddressIndex<Ranged>();
      for (const one of all) index.add(one);
      for (const one of all.slice(0, out)) index.delete(one);
      const left = all.slice(out);
      const expected = left.filter(({ start, end }) => start <= address && address < end);
      expect(new Set(index.at(address))).toEqual(new Set(expected));
      for (const one of left) expect(index.at(one.end - 1)).toContain(one);
    }),
    { seed: 7 },
  );
});

it('holds ranges of addresses far above 32 bits', () => {
  const index = new AddressIndex<Ranged>();
  const one = { start: 0xffff_0000_0000, end: 0xffff_4000_0000 };
  index.add(one);
  expect(index.at(0xffff_3fff_ffff)).toEqual([one]);
  expect(index.at(0xffff_4000_0000)).toEqual([]);
});
