import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileDecoder, type RecordLayout } from './decoder.ts';
import { parseFormat } from './format.ts';

const LITTLE: RecordLayout = { littleEndian: true, longSize: 8 };

function formatOf(...declarations: [declaration: string, size: number, signed?: 0 | 1][]) {
  let offset = 8;
  const lines = declarations.map(([declaration, size, signed = 0]) => {
    const line = `	field:${declaration};	offset:${offset};	size:${size};	signed:${signed};`;
    offset += size;
    return line;
  });
  return parseFormat(`name: e\nID: 1\nformat:\n${lines.join('\n')}\n\nprint fmt: "x"\n`);
}

/** A record of 8 common bytes and what follows, at an odd place of a larger buffer. */
function decode(format: ReturnType<typeof formatOf>, payload: number[], layout = LITTLE) {
  const before = 3;
  const bytes = Uint8Array.from([...Array(before + 8).fill(0xaa), ...payload, 0xbb, 0xbb]);
  return compileDecoder(format, layout)(new DataView(bytes.buffer), before, 8 + payload.length);
}

const text = (string: string) => [...new TextEncoder().encode(string)];

describe('compileDecoder', () => {
  it('reads 64-bit integers to the last bit: a number up to 2^53 - 1, else a bigint', () => {
    const unsigned = formatOf(['u64 v', 8]);
    const signed = formatOf(['s64 v', 8, 1]);
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.boolean(), (value, littleEndian) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, value, littleEndian);
        const layout = { littleEndian, longSize: 8 } as const;
        for (const [format, wanted] of [
          [unsigned, value],
          [signed, BigInt.asIntN(64, value)],
        ] as const) {
          const got = decode(format, [...bytes], layout).v as number | bigint;
          expect(BigInt(got)).toBe(wanted);
          expect(typeof got).toBe(Number.isSafeInteger(Number(wanted)) ? 'number' : 'bigint');
        }
      }),
      {
        examples: [
          [2n ** 53n - 1n, true],
          [2n ** 53n, true],
          [2n ** 64n - 2n ** 53n, false],
        ],
      },
    );
  });

  it('keeps signs and sizes apart, in both byte orders', () => {
    const format = formatOf(
      ['s8 a', 1, 1],
      ['u8 b', 1],
      ['s16 c', 2, 1],
      ['u32 d', 4],
      ['int e', 4, 1],
    );
    const bytes = [0xff, 0xff, 0xfe, 0xff, 1, 0, 0, 0x80, 0xf0, 0xff, 0xff, 0xff];
    expect(decode(format, bytes)).toEqual({ a: -1, b: 255, c: -2, d: 0x80000001, e: -16 });
    const swapped = [0xff, 0xff, 0xff, 0xfe, 0x80, 0, 0, 1, 0xff, 0xff, 0xff, 0xf0];
    expect(decode(format, swapped, { littleEndian: false, longSize: 8 })).toEqual({
      a: -1,
      b: 255,
      c: -2,
      d: 0x80000001,
      e: -16,
    });
  });

  it('reads longs of 4 bytes', () => {
    const format = formatOf(['__data_loc unsigned long[] mask', 4]);
    const payload = [12, 0, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0];
    expect(decode(format, payload, { littleEndian: true, longSize: 4 })).toEqual({ mask: [1, 2] });
    expect(decode(format, payload)).toEqual({ mask: [0x200000001] });
  });

  it('ends strings at the first NUL or the end of their field', () => {
    const format = formatOf(['char comm[4]', 4], ['char full[3]', 3]);
    expect(decode(format, [...text('ab'), 0, 0x78, ...text('xyz')])).toEqual({
      comm: 'ab',
      full: 'xyz',
    });
  });

  it('follows __data_loc from the record and __rel_loc from the field', () => {
    const format = formatOf(['__data_loc char[] a', 4], ['__rel_loc char[] b', 4]);
    // a: 3 bytes at 16; b: 2 bytes at 19, which is 3 behind the end of its own field at 16.
    expect(decode(format, [16, 0, 3, 0, 3, 0, 2, 0, ...text('hi'), 0, ...text('y'), 0])).toEqual({
      a: 'hi',
      b: 'y',
    });
  });

  it('keeps text that is UTF-8, and the bytes of text that is not', () => {
    const format = formatOf(['char a[4]', 4]);
    expect(decode(format, [...text('é'), 0, 0])).toEqual({ a: 'é' });
    expect(decode(format, [0x41, 0xe9, 0x42, 0])).toEqual({ a: 'A\\xe9B' });
  });

  it('gives a repeated string as the same string, another of the same hash as itself', () => {
    const format = formatOf(['char a[8]', 8]);
    const name = (string: string) => decode(format, [...text(string.padEnd(8, '\0'))]).a;
    expect([name('Aa'), name('BB'), name('Aa'), name('BB')]).toEqual(['Aa', 'BB', 'Aa', 'BB']);
  });

  it('runs open arrays to the end of the record', () => {
    expect(decode(formatOf(['u32 buf[]', 0]), [1, 0, 0, 0, 2, 0, 0, 0, 9])).toEqual({
      buf: [1, 2],
    });
    expect(decode(formatOf(['char buf[]', 0]), text('to the end'))).toEqual({ buf: 'to the end' });
  });

  it('copies bytes: the buffer of the record is used again', () => {
    const bytes = Uint8Array.from([...Array(8).fill(0), 1, 2]);
    const decodeIt = compileDecoder(formatOf(['u8 a[2]', 2]), LITTLE);
    const { a } = decodeIt(new DataView(bytes.buffer), 0, 10);
    bytes.fill(9);
    expect(a).toEqual(Uint8Array.of(1, 2));
  });

  it('gives of a short record the fields that are there', () => {
    const format = formatOf(['u32 a', 4], ['u32 b', 4]);
    expect(decode(format, [1, 0, 0, 0, 2, 0])).toEqual({ a: 1 });
  });

  it('takes a field called __proto__ for a field', () => {
    const fields = decode(formatOf(['u8 __proto__', 1]), [7]);
    expect(Object.entries(fields)).toEqual([['__proto__', 7]]);
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  });

  it('never reads beyond a record, whatever its bytes say', () => {
    const format = formatOf(
      ['__data_loc char[] a', 4],
      ['__rel_loc u64[] b', 4],
      ['u16 c[3]', 6],
      ['s64 d', 8, 1],
      ['u8 e[]', 0],
    );
    const decodeIt = compileDecoder(format, LITTLE);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 64 }), (bytes) => {
        // A view that ends with the record throws where more is read.
        expect(() => decodeIt(new DataView(bytes.slice().buffer), 0, bytes.length)).not.toThrow();
      }),
    );
  });
});
