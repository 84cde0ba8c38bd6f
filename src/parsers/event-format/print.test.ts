import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fields, PrintStyle } from '../parser.ts';
import { parseFormat } from './format.ts';
import { compilePrint } from './print.ts';
import type { PrintEnvironment } from './print-environment.ts';

const ENVIRONMENT: PrintEnvironment = {
  layout: { littleEndian: true, longSize: 8 },
  symbol: (address) =>
    address === 0xffffffff81001010n ? { name: 'alpha', offset: 0x10 } : undefined,
  printk: (address) => ({ 64: '"%d of %s\\n"', 65: '"plain\\n"' })[Number(address)],
  comm: () => undefined,
};

interface Case {
  /** `declaration size [signed]` */
  readonly fields?: readonly string[];
  readonly print: string;
  readonly values?: Fields;
  readonly style?: PrintStyle;
  readonly system?: string;
  readonly name?: string;
  readonly environment?: Partial<PrintEnvironment>;
}

function print({ fields = [], print, values = {}, style, system = 'test', ...more }: Case): string {
  let offset = 8;
  const lines = fields.map((field) => {
    const [, declaration, size, signed = '0'] = /^(.*?) (\d+)( 1)?$/.exec(field) ?? [];
    const line = `	field:${declaration};	offset:${offset};	size:${size};	signed:${signed.trim()};`;
    offset += Number(size);
    return line;
  });
  const format = parseFormat(
    `name: ${more.name ?? 'event'}\nID: 1\nformat:\n${lines.join('\n')}\n\nprint fmt: ${print}\n`,
  );
  const environment = { ...ENVIRONMENT, ...more.environment };
  return compilePrint(system, format, environment, style ?? 'plugins')(values);
}

/** The value of one expression of `u64 a`, `u64 b`, `int i` as `%llu`. */
function evaluate(expression: string, values: Fields = {}): string {
  return print({
    fields: ['u64 a 8', 'u64 b 8', 'int i 4 1'],
    print: `"%llu", ${expression}`,
    values: { a: 0, b: 0, i: 0, ...values },
  });
}

describe('expressions', () => {
  const cases: [expression: string, values: Fields, result: string][] = [
    ['1 + 2 * 3', {}, '7'],
    ['(1 + 2) * 3', {}, '9'],
    ['1 << 4 | 1', {}, '17'],
    ['REC->a & (1 | 4)', { a: 7 }, '5'],
    ['REC->a > REC->b ? 1 : REC->a == REC->b ? 2 : 3', { a: 1, b: 2 }, '3'],
    ['REC->a && !REC->b', { a: 5, b: 0 }, '1'],
    ['REC->a == 1 || REC->a == 2', { a: 2 }, '1'],
    ['~REC->a & 0xff', { a: 1 }, '254'],
    ['-1', {}, '18446744073709551615'],
    ['REC->a + REC->b', { a: 2n ** 64n - 1n, b: 2 }, '1'],
    ['REC->a * REC->b', { a: 2 ** 40, b: 2 ** 20 }, String(2n ** 60n)],
    ['REC->a - REC->b', { a: 1, b: 2 }, '18446744073709551615'],
    ['REC->a / REC->b', { a: 7, b: 0 }, '0'],
    ['REC->a >> 12', { a: 0xffffffff81000000n }, String(0xffffffff81000n)],
    ['(u8)REC->a', { a: 0x1ff }, '255'],
    ['(unsigned long)REC->a', { a: 2n ** 63n }, String(2n ** 63n)],
    ['((REC->a) >> 20), REC->b', { a: 0x800001 }, '8'],
    ['__builtin_expect(REC->a, 1)', { a: 3 }, '3'],
    ['sizeof(unsigned long) + sizeof(u16) + sizeof(REC->i)', {}, '14'],
    ['0x10UL + 010', {}, '24'],
    ['HRTIMER_SOFTIRQ', {}, '8'],
    // eval_num_arg of libtraceevent takes the bytes of a field without their sign
    ['REC->i', { i: -1 }, '4294967295'],
  ];
  it.each(cases)('%s of %o is %s', (expression, values, result) => {
    expect(evaluate(expression, values)).toBe(result);
  });

  it('indexes fixed and dynamic arrays, through casts too', () => {
    const fields = ['int v[2] 8 1', '__data_loc u8[] d 4', 'char s[4] 4'];
    const values = { v: [1, -2], d: Uint8Array.of(1, 0, 2, 0), s: 'AB' };
    const text = print({
      fields,
      print:
        '"%d %d %d %d", REC->v[1], ((u16 *)__get_dynamic_array(d))[1], REC->s[1], __get_dynamic_array_len(d)',
      values,
    });
    expect(text).toBe('-2 2 66 4');
  });
});

describe('conversions', () => {
  const cases: [format: string, value: number | bigint, result: string][] = [
    ['%d', 0xffffffff, '-1'],
    ['%u', 0xffffffff, '4294967295'],
    ['%lld', 2n ** 64n - 5n, '-5'],
    ['%x', 0x1_ffff_ffff, 'ffffffff'],
    ['%llx', 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['%#x', 255, '0xff'],
    ['%#x', 0, '0'],
    ['%08lx', 0xbeef, '0000beef'],
    ['%-5d|', 7, '7    |'],
    ['%5d', -7 + 2 ** 32, '   -7'],
    ['%05d', 2 ** 32 - 7, '-0007'],
    ['%+d', 3, '+3'],
    ['%.3d', 7, '007'],
    ['%hhu', 0x1ff, '255'],
    ['%hd', 0xffff, '-1'],
    ['%o', 8, '10'],
    ['%X', 0xab, 'AB'],
    ['%c', 65, 'A'],
    ['100%%%d', 1, '100%1'],
    ['%p', 0, '(nil)'],
    ['%p', 0xffff888001234000n, '0xffff888001234000'],
    ['%px|%d', 16, '0x10|16'],
    ['%ps', 0xffffffff81001010n, 'alpha'],
    ['%pS', 0xffffffff81001010n, 'alpha+0x10'],
    ['%pF', 0x1234, '0x1234'],
  ];
  it.each(cases)('%s of %s is %s', (format, value, result) => {
    const fields = ['u64 a 8'];
    expect(print({ fields, print: `"${format}", REC->a, REC->a`, values: { a: value } })).toBe(
      result,
    );
  });

  it('takes widths and precisions from arguments', () => {
    const text = print({ print: '"%*d|%-*d|%.*s|%0*llx", 4, 7, 4, 7, 2, "abc", 6, 0xff' });
    expect(text).toBe('   7|7   |ab|0000ff');
  });

  it('prints memory as addresses, UUIDs and bytes', () => {
    const fields = ['u8 mac[6] 6', 'u8 ip[4] 4', 'u8 six[16] 16', '__data_loc u8[] raw 4'];
    const values = {
      mac: Uint8Array.of(0, 1, 2, 3, 0xaa, 0xff),
      ip: Uint8Array.of(10, 0, 0, 1),
      six: Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
      raw: Uint8Array.of(1, 2, 3),
    };
    const each = (format: string, argument: string) =>
      print({ fields, print: `"${format}", ${argument}`, values });
    expect(each('%pM', 'REC->mac')).toBe('00:01:02:03:aa:ff');
    expect(each('%pmR', 'REC->mac')).toBe('ffaa03020100');
    expect(each('%pI4', 'REC->ip')).toBe('10.0.0.1');
    expect(each('%pi4', 'REC->ip')).toBe('010.000.000.001');
    expect(each('%pI6c', 'REC->six')).toBe('fe80::1');
    expect(each('%pI6', 'REC->six')).toBe('fe80:0000:0000:0000:0000:0000:0000:0001');
    expect(each('%pU', 'REC->six')).toBe('fe800000-0000-0000-0000-000000000001');
    expect(each('%pUL', 'REC->six')).toBe('000080FE-0000-0000-0000-000000000001');
    expect(each('%*phN', '2, __get_dynamic_array(raw)')).toBe('0102');
    expect(each('%*phD', '9, __get_dynamic_array(raw)')).toBe('01-02-03');
  });

  it('prints bitmaps as lists and in hexadecimal', () => {
    const fields = ['unsigned long m[2] 16'];
    const values = { m: [0b1011, 1] };
    expect(print({ fields, print: '"%*pbl.", 128, REC->m', values })).toBe('0-1,3,64.');
    expect(print({ fields, print: '"%*pb.", 32, REC->m', values })).toBe('0000000b.');
  });

  it('reads socket addresses of both families', () => {
    const fields = ['__data_loc u8[] sa 4'];
    const show = (...sa: number[]) =>
      print({ fields, print: '"%pISpc", __get_sockaddr(sa)', values: { sa: Uint8Array.from(sa) } });
    expect(show(2, 0, 0x1f, 0x90, 127, 0, 0, 1, ...Array(8).fill(0))).toBe('127.0.0.1:8080');
    expect(show(10, 0, 0, 80, 0, 0, 0, 0, ...Array(15).fill(0), 1, 0, 0, 0, 0)).toBe('[::1]:80');
  });
});

describe('helpers', () => {
  const FLAGS = '{ 0x1, "READ" }, { 0x2, "WRITE" }, { (1 << 4), "EXEC" }';
  const flags = (a: number | bigint, format = '%s') =>
    print({
      fields: ['u64 a 8'],
      print: `"${format}", __print_flags(REC->a, "|", ${FLAGS})`,
      values: { a },
    });

  it('__print_flags names bits and shows the rest', () => {
    expect(flags(0x13)).toBe('READ|WRITE|EXEC');
    expect(flags(0x21)).toBe('READ|0x20');
    expect(flags(0)).toBe('');
    expect(flags(2n ** 63n)).toBe('0x8000000000000000');
    expect(flags(3, '%-6s.')).toBe('READ  |WRITE .');
  });

  it('__print_symbolic names values, -1 among them', () => {
    const symbol = (a: number | bigint) =>
      print({
        fields: ['s64 a 8 1'],
        print: '"%s", __print_symbolic(REC->a, { 0, "ZERO" }, { -1, "NONE" }, { (2 + 3), "FIVE" })',
        values: { a },
      });
    expect([symbol(0), symbol(5), symbol(-1), symbol(9)]).toEqual(['ZERO', 'FIVE', 'NONE', '0x9']);
  });

  it('hexadecimal, arrays, masks', () => {
    const fields = ['__data_loc u8[] b 4', 'u32 v[3] 12', '__data_loc unsigned long[] m 4'];
    const values = { b: Uint8Array.of(1, 0xab, 3), v: [1, 2, 3], m: [0b1101, 1] };
    const each = (argument: string) => print({ fields, print: `"%s", ${argument}`, values });
    expect(each('__print_hex(__get_dynamic_array(b), 2)')).toBe('01 ab');
    expect(each('__print_hex_str(__get_dynamic_array(b), __get_dynamic_array_len(b))')).toBe(
      '01ab03',
    );
    expect(each('__print_hex(__get_dynamic_array(b), 4000000000)')).toBe('');
    expect(each('__print_array(REC->v, 3, 4)')).toBe('1 2 3');
    expect(each('__print_array(REC->v, 1000000, 4)')).toBe('1 2 3');
    expect(each('__print_dynamic_array(b, 1)')).toBe('{0x1,0xab,0x3}');
    expect(each('__get_cpumask(m)')).toBe('0,2-3,64');
    expect(each('__get_bitmask(m)')).toBe('00000000,00000001,00000000,0000000d');
    expect(each('__print_hex_dump("p: ", 0, 16, 1, __get_dynamic_array(b), 3, 1)')).toBe(
      `\np: 01 ab 03${' '.repeat(41)}...\n`,
    );
  });

  it('strings: dynamic, of the kernel, of a ternary, of a probe array', () => {
    const fields = ['__data_loc char[] s 4', 'const char * k 8', '__data_loc char[] t[2] 8'];
    const values = { s: 'dyn', k: 65, t: 'one', t_2: 'two' };
    const each = (argument: string) => print({ fields, print: `"[%5s]", ${argument}`, values });
    expect(each('__get_str(s)')).toBe('[  dyn]');
    expect(each('__get_rel_str(s)')).toBe('[  dyn]');
    expect(each('REC->k')).toBe('[plain]');
    expect(each('REC->k ? "yes" : "no"')).toBe('[  yes]');
    expect(each('__get_str(t[1])')).toBe('[  two]');
    expect(print({ fields, print: '"%s", REC->k', values: { ...values, k: 0x77 } })).toBe('77');
  });
});

describe('what cannot be parsed', () => {
  it('shows its fields, and is counted once per event type', () => {
    const seen: string[] = [];
    const text = print({
      fields: ['int i 4 1', 'char s[4] 4', 'unsigned long l 8'],
      print: '"%s", some_function(REC->i)',
      values: { i: -3, s: 'ab', l: 16 },
      environment: { unparsed: (type, reason) => seen.push(`${type}: ${reason}`) },
    });
    expect(text).toBe('[FAILED TO PARSE] i=-3 s=ab l=0x10');
    expect(seen).toEqual(['test:event: function some_function not defined']);
  });

  it.each(['', '"%d"', '"x" (', '"%s", REC->none', 'REC->i', '"a', '"%d", ({ int x; })'])(
    'never throws: %s',
    (format) => {
      const text = print({ fields: ['int i 4 1'], print: format, values: { i: 1 } });
      expect(text).toBe(format === '' ? '[FAILED TO PARSE] i=1' : text);
      expect(text).toContain('i=1');
    },
  );

  it('never throws on hostile text, and never takes long', () => {
    const piece = fc.constantFrom(
      '"%s"',
      '"%*d%p"',
      ',',
      '(',
      ')',
      '{',
      '}',
      '[',
      ']',
      '?',
      ':',
      '->',
      'REC',
      'i',
      '-',
      '*',
      '&',
      '0xffffffffffffffffff',
      '__print_flags',
      '__get_str',
      'sizeof',
      '"',
      "'a'",
      'unsigned long',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = `"%d %s", ${pieces.join(' ')}`;
        expect(typeof print({ fields: ['int i 4 1'], print: text, values: { i: 1 } })).toBe(
          'string',
        );
      }),
      { numRuns: 500 },
    );
    const deep = `"%d", ${'('.repeat(100_000)}1${')'.repeat(100_000)}`;
    expect(print({ print: deep })).toBe('[FAILED TO PARSE]');
    expect(print({ print: '"%999999999d", 1' }).length).toBeLessThan(5000);
    expect(print({ print: '"%*d", 2147483647, 1' }).length).toBeLessThan(5000);
  });
});

describe('raw style', () => {
  it('shows a number as the print format does, and all else as it is', () => {
    const text = print({
      fields: ['int i 4 1', 'unsigned long p 8', 'unsigned long q 8', 'u8 b[2] 2', 'u16 h 2'],
      print: '"i=%03d p=0x%lx", REC->i, REC->p',
      values: { i: 7, p: 255, q: 255, b: Uint8Array.of(1, 0x80), h: 3 },
      style: 'raw',
    });
    expect(text).toBe(' i=007 p=0xff q=0xff b=ARRAY[01, 80] h=3');
  });
});

describe('trace_printk', () => {
  const bprint = (fmt: number, buf: readonly number[]) =>
    print({
      fields: ['unsigned long ip 8', 'const char * fmt 8', 'u32 buf[] 0'],
      print: '"%ps: %s", (void *)REC->ip, REC->fmt',
      values: { ip: 0xffffffff81001010n, fmt, buf },
      system: 'ftrace',
      name: 'bprint',
    });

  it('reads the arguments as vbin_printf packed them', () => {
    // 5, then "abc"
    expect(bprint(64, [5, 0x00636261])).toBe('alpha: 5 of abc');
  });

  it('says where the format is missing', () => {
    expect(bprint(0x99, [1])).toBe('alpha: (NO FORMAT FOUND at 99)');
  });
});
