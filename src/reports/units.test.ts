import { describe, expect, it } from 'vitest';
import { formatBytes, formatNanoseconds, timeFormat } from './units.ts';

describe('units', () => {
  it.each([
    [0, '0 ns'],
    [999, '999 ns'],
    [1_500, '1.5 µs'],
    [411_790_123, '411.8 ms'],
    [5_002_300_000, '5.002 s'],
    [1_234_000_000_000, '1,234 s'],
  ])('%d ns is %s', (ns, text) => {
    expect(formatNanoseconds(ns)).toBe(text);
  });

  it.each([
    [0, '0 bytes'],
    [65_536, '64 KiB'],
    [49_500_000, '47.21 MiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('keeps moments before the first event apart from those after', () => {
    const time = timeFormat({ unit: 'ns' });
    expect(time.moment(1_402_000_000)).toBe('+1.402000 s');
    expect(time.moment(-1_000)).toBe('−0.000001 s');
  });
});
