import fc from 'fast-check';
import { expect, test } from 'vitest';
import { varintSize, writeVarint } from './record.ts';

/** As https://sqlite.org/fileformat2.html#varint defines it: 7 bits a byte, the highest first. */
function readVarint(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) {
    value = value * 0x80 + (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  throw new Error('no end');
}

test('property: a varint is as long as said and comes back', () => {
  const value = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(),
    fc.nat(53).map((bits) => 2 ** bits - 1),
  );
  fc.assert(
    fc.property(value, fc.nat(1), (base, one) => {
      const target = new Uint8Array(10);
      const end = writeVarint(target, 1, base + one);
      expect(end).toBe(1 + varintSize(base + one));
      expect(readVarint(target.subarray(1))).toBe(base + one);
      expect(target[0]).toBe(0);
      expect(target[end] ?? 0).toBe(0);
    }),
    { numRuns: 500 },
  );
});
