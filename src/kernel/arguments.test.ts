import { describe, expect, it } from 'vitest';
import { argument, low32, signedInt, signedLong } from './arguments.ts';

describe('return values', () => {
  it('of int functions count by their low 32 bits, whatever the probe recorded', () => {
    expect(signedInt(-16)).toBe(-16);
    expect(signedInt(0xfffffff0)).toBe(-16);
    expect(signedInt(0xfffffffffffffff0n)).toBe(-16);
    expect(signedInt(0xabcd0000fffffff0n)).toBe(-16);
    expect(signedInt(1)).toBe(1);
    expect(signedInt(undefined)).toBeUndefined();
  });

  it('of long functions keep their 64 bits; a u32 errno was cut by the probe', () => {
    expect(signedLong(0xfffffffffffffe00n)).toBe(-512);
    expect(signedLong(0xfffffe00)).toBe(-512);
    expect(signedLong(0x7fffffff)).toBe(0x7fffffff);
    expect(signedLong(250)).toBe(250);
  });
});

it('arguments are found under the names users give them', () => {
  expect(argument({ notifier: 5 }, 'mni')).toBe(5);
  expect(argument({ interval_sub: 6n }, 'mni')).toBe(6n);
  expect(argument({ nseq: 7 }, 'seq')).toBe(7);
  expect(argument({ mni: 'text' }, 'mni')).toBeUndefined();
  expect(argument({}, 'mm')).toBeUndefined();
});

it('names are cut to the 32 bits tracepoints keep', () => {
  expect(low32(0x100000007n)).toBe(7);
  expect(low32(0x100000007)).toBe(7);
  expect(low32(-1)).toBe(0xffffffff);
  expect(low32(9)).toBe(9);
});
