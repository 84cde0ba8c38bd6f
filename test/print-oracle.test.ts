/** trace-cmd prints what we encode: events no machine at hand records, with fields of any value. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareLines, type KnownException } from '../scripts/compare-lines.ts';
import { type PrintEventsOptions, printEvents } from '../src/commands/events.ts';
import { randomFrom } from './random.ts';
import {
  type Kernel,
  kernelFormats,
  readFormat,
  type WriterField,
  type WriterFormat,
} from './scenario/kernel-formats.ts';
import { type Scenario, type ScenarioFields, scenario } from './scenario/scenario.ts';
import { hasTraceCmd } from './trace-cmd.ts';

const EXCEPTIONS: KnownException[] = JSON.parse(
  readFileSync(new URL('../scripts/golden-exceptions.json', import.meta.url), 'utf8'),
);

function differences(written: Scenario, flags: readonly string[], options: PrintEventsOptions) {
  const path = written.file();
  const run = spawnSync('trace-cmd', ['report', ...flags, '-i', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect(run.signal).toBeNull();
  let ours = '';
  printEvents(path, options, (text) => {
    ours += text;
    return true;
  });
  const result = compareLines(run.stdout, ours, path, EXCEPTIONS);
  expect(result.equal).toBeGreaterThan(written.events.length / 2);
  return result.differences.map(({ theirs, ours: own }) => ({ theirs, ours: own }));
}

describe.skipIf(!hasTraceCmd)('events of every committed format, any values', () => {
  it.each([['6.1'], ['6.12'], ['7.2']] as [Kernel][])('%s', (kernel) => {
    const unit = randomFrom(1);
    const next = (below: number) => Math.floor(unit() * below);
    const written = scenario({ kernel }).at(1000, { cpu: 0, tid: 100, comm: 'app' });
    for (let round = 0; round < 4; round++) {
      for (const format of kernelFormats(kernel).values()) {
        if (format.system === 'ftrace') continue;
        written.after(1000).event(`${format.system}:${format.name}`, anyFields(format, next));
      }
    }
    expect(differences(written, [], { style: 'plugins' })).toEqual([]);
    expect(differences(written, ['-N'], { style: 'no-plugins' })).toEqual([]);
    expect(differences(written, ['-R'], { style: 'raw' })).toEqual([]);
  });
});

const TEXTS = ['', 'a', 'hello world', 'amdgpu'];
const NUMBERS = [0, 1, 2, 3, 5, 7, 100, 0x7fffffff];
const ADDRESSES = [0xffffffff81001010n, 0xffff888001234000n, 0x7fd94cc53000n];

/**
 * amdgpu_vm_grab_id has two fields called `ring`, of which the writer can set one; `nptes` counts an
 * array, beyond whose end trace-cmd reads until it dies.
 */
const LEFT_OUT = new Set(['ring', 'nptes']);

type Next = (below: number) => number;

function anyFields({ fields }: WriterFormat, next: Next): ScenarioFields {
  const values = fields
    .filter(({ name }) => !name.startsWith('common_'))
    .map((field) => [field.name, anyValue(field, next)])
    .filter(([name, value]) => value !== undefined && !LEFT_OUT.has(`${name}`));
  return Object.fromEntries(values);
}

function pick<T>(values: readonly T[], next: Next): T {
  return values[next(values.length)] as T;
}

function anyValue(field: WriterField, next: Next) {
  const isFixed = field.storage === 'fixed' && field.size > 0;
  if (field.text) return pick(TEXTS, next).slice(0, isFixed ? field.size - 1 : 20);
  if (field.array) {
    const count = isFixed ? Math.floor(field.size / field.elementSize) : 1 + next(6);
    return Array.from({ length: count }, () => next(120));
  }
  return isFixed ? anyInteger(field, next) : undefined;
}

function anyInteger({ size, signed }: WriterField, next: Next) {
  if (![1, 2, 4, 8].includes(size)) return undefined;
  const kind = next(10);
  if (kind < 7) return size < 4 ? next(128) : pick(NUMBERS, next);
  if (kind === 7 && signed) return -1 - next(30);
  return size === 8 ? pick(ADDRESSES, next) : next(64);
}

const COMMON = `	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;
`;

let lastId = 3000;

/** A format made for a test. */
function made(system: string, name: string, fields: readonly string[], print: string) {
  let offset = 8;
  const lines = fields.map((field) => {
    const [declaration = '', size = '0', signed = '0'] = field.split(';');
    const line = `	field:${declaration};	offset:${offset};	size:${size};	signed:${signed};\n`;
    offset += Number(size);
    return line;
  });
  const text = `name: ${name}\nID: ${++lastId}\nformat:\n${COMMON}\n${lines.join('')}\nprint fmt: ${print}\n`;
  return readFormat(system, text);
}

describe.skipIf(!hasTraceCmd)('what recordings seldom hold', () => {
  it('trace_printk, trace_puts, markers and raw data', () => {
    const ip = 'unsigned long ip;8';
    const formats = [
      made(
        'ftrace',
        'bprint',
        [ip, 'const char * fmt;8', 'u32 buf[];0'],
        '"%ps: %s", (void *)REC->ip, REC->fmt',
      ),
      made('ftrace', 'bputs', [ip, 'const char * str;8'], '"%ps: %s", (void *)REC->ip, REC->str'),
      made('ftrace', 'print', [ip, 'char buf[];0'], '"%ps: %s", (void *)REC->ip, REC->buf'),
      made(
        'ftrace',
        'raw_data',
        ['unsigned int id;4', 'char buf[];0'],
        '"id:%04x %08x", REC->id, (int)REC->buf[0]',
      ),
    ];
    const printk = [
      '0xffffffff82000010 : "n=%d x=%lx\\n"',
      '0xffffffff82000020 : "%s and %6s|%5.2s|\\n"',
      '0xffffffff82000030 : "%*d %llu %#x %%\\n"',
      '0xffffffff82000040 : "in %ps %pS at %p\\n"',
      '0xffffffff82000050 : "only text\\n"',
    ].join('\n');
    const written = scenario({ formats, printk: `${printk}\n` }).at(0, { tid: 7, comm: 'app' });
    const caller = written.symbol('my_function') + 0x20n;
    written.symbol('the_next_function');
    const pack = (...values: (number | bigint | string)[]) => packed(values);
    const bprint = (fmt: bigint, buf: number[]) =>
      written.after(1000).event('ftrace:bprint', { ip: caller, fmt, buf });
    bprint(0xffffffff82000010n, pack(-5, 0xdeadbeefn));
    bprint(0xffffffff82000020n, pack('abc', 'de', 'fghi'));
    bprint(0xffffffff82000030n, pack(7, 42, 2n ** 64n - 1n, 255));
    bprint(0xffffffff82000040n, pack(caller, caller, 0xffff888001234000n));
    bprint(0xffffffff82000050n, pack(1));
    bprint(0xffffffff82000099n, pack(1));
    written.after(1000).event('ftrace:bputs', { ip: caller, str: 0xffffffff82000050n });
    written.after(1000).event('ftrace:bputs', { ip: caller, str: 0xffffffff82000098n });
    written.after(1000).event('ftrace:print', { ip: caller, buf: 'marker: two\nlines\n' });
    written.after(1000).event('ftrace:print', { ip: 0x1234, buf: '' });
    written.after(1000).event('ftrace:raw_data', { id: 0xabc, buf: Uint8Array.of(1, 0, 0xff, 4) });
    expect(differences(written, [], { style: 'plugins' })).toEqual([]);
    expect(differences(written, ['-t'], { style: 'plugins', nanoseconds: true })).toEqual([]);
  });

  it('the plugins of hrtimer, futex, kvm, tlb and sched', () => {
    const u64 = (name: string) => `u64 ${name};8`;
    const plain = (names: readonly string[]) =>
      `"${names.map((name) => `${name}=%llx`).join(' ')}", ${names.map((name) => `REC->${name}`).join(', ')}`;
    const event = (system: string, name: string, names: readonly string[]) =>
      made(system, name, names.map(u64), plain(names));
    const formats = [
      event('timer', 'hrtimer_start', ['hrtimer', 'function', 'expires', 'softexpires']),
      event('timer', 'hrtimer_expire_entry', ['hrtimer', 'now', 'function']),
      event('syscalls', 'sys_enter_futex', ['uaddr', 'op', 'val', 'utime', 'uaddr2', 'val3']),
      event('kvm', 'kvm_exit', ['exit_reason', 'guest_rip', 'isa', 'info1', 'info2']),
      event('kvm', 'kvm_entry', ['vcpu_id', 'rip']),
      event('tlb', 'tlb_flush', ['reason', 'pages']),
      event('kmem', 'kfree', ['call_site', 'ptr']),
    ];
    const written = scenario({ formats }).at(0, { tid: 7, comm: 'app' });
    const callback = written.symbol('tick_sched_timer');
    const put = (type: string, fields: ScenarioFields) => written.after(1000).event(type, fields);
    put('timer:hrtimer_start', { hrtimer: 1n, function: callback, expires: 99, softexpires: 98 });
    put('timer:hrtimer_start', { function: 0x123 });
    put('timer:hrtimer_expire_entry', {
      hrtimer: 0xffff888001234000n,
      now: 12,
      function: callback + 4n,
    });
    for (let op = 0; op < 15; op++) {
      put('syscalls:sys_enter_futex', {
        uaddr: 0x7f0000001000,
        op: op | (op % 2 ? 128 : 256),
        val: 3,
        utime: 4,
        uaddr2: 5,
        val3: 6,
      });
    }
    for (const isa of [1, 2, 3]) {
      put('kvm:kvm_exit', { exit_reason: 48, guest_rip: callback, isa, info1: 5, info2: 6 });
      put('kvm:kvm_exit', { exit_reason: 0x400, guest_rip: 1, isa });
    }
    put('kvm:kvm_entry', { vcpu_id: 3, rip: callback });
    for (let reason = 0; reason < 6; reason++) put('tlb:tlb_flush', { reason, pages: -1 });
    put('kmem:kfree', { call_site: callback + 0x31n, ptr: 1 });
    put('kmem:kfree', { call_site: 1, ptr: 1 });
    expect(differences(written, [], { style: 'plugins' })).toEqual([]);
    expect(differences(written, ['-N'], { style: 'no-plugins' })).toEqual([]);
    expect(differences(written, ['-R'], { style: 'raw' })).toEqual([]);
  });

  it('the state column of -l, every flag', () => {
    const written = scenario().at(0, { tid: 1_234_567, comm: 'a long task name' });
    for (let flags = 0; flags < 32; flags++) {
      written.by({ flags, preemptCount: (flags * 37) & 0xff, tid: flags + 1, comm: `t${flags}` });
      written.after(1000).fence('emit', 1, flags);
    }
    expect(differences(written, ['-l'], { style: 'plugins', latency: true })).toEqual([]);
    expect(differences(written, ['-l', '-R'], { style: 'raw', latency: true })).toEqual([]);
  });

  it('names of tasks only sched_switch knows', () => {
    const written = scenario({ noCmdlines: true }).at(0, { tid: 55, comm: 'ignored' });
    const put = (prev: number, next: number, who: string) =>
      written.after(1000).event('sched:sched_switch', {
        prev_comm: `prev${who}`,
        prev_pid: prev,
        prev_prio: 120,
        prev_state: 2,
        next_comm: `next${who}`,
        next_pid: next,
        next_prio: 0,
      });
    written.fence('init', 1, 1);
    put(55, 66, 'A');
    written.after(10).fence('init', 1, 2);
    put(55, 66, 'B');
    written.by({ tid: 66 }).after(10).fence('init', 1, 3);
    written.by({ tid: 0 }).after(10).fence('init', 1, 4);
    expect(differences(written, [], { style: 'plugins' })).toEqual([]);
    expect(differences(written, ['-N'], { style: 'no-plugins' })).toEqual([]);
  });

  it('function graphs whose calls and returns interleave between CPUs', () => {
    const written = scenario().at(1000, { cpu: 0, tid: 10, comm: 'a' });
    written.graphEntry('outer', 0).after(500).graphEntry('leaf', 1).after(12_345);
    written.graphExit('leaf', 1, 1500).by({ cpu: 1, tid: 11, comm: 'b' }).after(10);
    written.graphEntry('other', 0).by({ cpu: 0, tid: 10, comm: 'a' }).after(200_000);
    written.graphEntry('leaf', 1).by({ cpu: 1, tid: 11 }).after(1_000_000);
    written.graphExit('other', 0, 14_000).by({ cpu: 0, tid: 10 }).after(2_000_000_000);
    written.graphExit('leaf', 1, 15_000).after(10).graphExit('outer', 0, 1000);
    written.after(10).graphEntry('open_at_the_end', 0);
    expect(differences(written, [], { style: 'plugins' })).toEqual([]);
    expect(differences(written, ['-N'], { style: 'no-plugins' })).toEqual([]);
  });

  it('function calls that step in under their callers, on two CPUs', () => {
    const written = scenario().at(1000, { cpu: 0, tid: 10, comm: 'a' });
    const calls = [
      ['b', 'a'],
      ['c', 'b'],
      ['d', 'c'],
      ['e', 'b'],
      ['f', 'x'],
      ['c', 'b'],
      ['g', 'f'],
    ] as const;
    for (const [callee, caller] of calls) {
      written.by({ cpu: 0 }).after(10).function(callee, caller);
      written.by({ cpu: 1 }).after(10).function(caller, callee);
    }
    expect(differences(written, [], { style: 'plugins' })).toEqual([]);
  });

  it('instances, losses in them, clocks of ticks', () => {
    const written = scenario({ clock: 'x86-tsc' }).at(5, { cpu: 1, tid: 10, comm: 'a' });
    written.fence('init', 1, 1).inBuffer('gpu').after(5).fence('init', 1, 2).after(5);
    written.loss(1, 12).fence('init', 1, 3).inBuffer('longer-name').after(5).fence('init', 1, 4);
    written.inBuffer('').after(5).loss(1, null).fence('init', 1, 5);
    expect(differences(written, [], { style: 'plugins' })).toEqual([]);
  });
});

/** Arguments as vbin_printf packs them, in words of 32 bits: numbers 4, bigints 8 bytes. */
function packed(values: readonly (number | bigint | string)[]): number[] {
  const bytes: number[] = [];
  const put = (value: bigint, size: number) => {
    while (bytes.length % 4 !== 0) bytes.push(0);
    for (let i = 0; i < size; i++) bytes.push(Number((value >> BigInt(8 * i)) & 0xffn));
  };
  for (const value of values) {
    if (typeof value === 'string') bytes.push(...new TextEncoder().encode(`${value}\0`));
    else put(BigInt.asUintN(64, BigInt(value)), typeof value === 'bigint' ? 8 : 4);
  }
  while (bytes.length % 4 !== 0) bytes.push(0);
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}
