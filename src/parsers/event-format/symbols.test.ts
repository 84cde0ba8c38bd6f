import { describe, expect, it } from 'vitest';
import { parseKallsyms } from './symbols.ts';

const TEXT = `ffffffff81000000 T _text
ffffffff81000100 T alias_one
ffffffff81000100 t alias_two
ffffffff81000200 t beta
0000000000018000 A per_cpu_offset
ffffffff81000300 t $x
not a line
ffffffffc0002000 t sl_ioctl	[svmlab]
ffffffffc0003000 t sl_end	[svmlab]
`;

const symbols = parseKallsyms(new TextEncoder().encode(TEXT));

describe('parseKallsyms', () => {
  it('finds the symbol an address lies in', () => {
    expect(symbols.lookup(0xffffffff81000234n)).toEqual({ name: 'beta', offset: 0x34 });
    expect(symbols.lookup(0xffffffffc0002010n)).toEqual({
      name: 'sl_ioctl',
      offset: 0x10,
      module: 'svmlab',
    });
  });

  it('takes negative 64-bit integers for the addresses they are', () => {
    expect(symbols.lookup(BigInt.asIntN(64, 0xffffffff81000200n))?.name).toBe('beta');
  });

  it('finds nothing below the first and nothing beyond the last symbol, as trace-cmd', () => {
    expect(symbols.lookup(0x1000)).toBeUndefined();
    expect(symbols.lookup(0x18000)).toBeUndefined();
    expect(symbols.lookup(0xffffffffc0003000n)).toMatchObject({ name: 'sl_end', offset: 0 });
    expect(symbols.lookup(0xffffffffc0003001n)).toBeUndefined();
  });

  it('shows of several symbols at one address the first of the file between two addresses', () => {
    expect(symbols.lookup(0xffffffff81000104n)?.name).toBe('alias_one');
  });

  it('sorts what is out of order, and survives an empty text', () => {
    const mixed = parseKallsyms(
      new TextEncoder().encode('0000000000002000 t b\n0000000000001000 t a\n'),
    );
    expect(mixed.lookup(0x1004)).toEqual({ name: 'a', offset: 4 });
    expect(parseKallsyms(new Uint8Array(0)).lookup(1)).toBeUndefined();
  });
});
