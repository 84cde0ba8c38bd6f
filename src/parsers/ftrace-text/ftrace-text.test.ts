import { describe, expect, it } from 'vitest';
import { eventsIn, type TextEvent, withText } from '../../../test/text-events.ts';
import { TraceError } from '../../errors.ts';
import type { Problem } from '../parser.ts';

function read(text: string): TextEvent[] {
  return withText(text, eventsIn);
}

function one(line: string): TextEvent {
  const [event, ...others] = read(`# tracer: nop\n${line}\n`);
  if (!event || others.length > 0) throw new Error(`${others.length + (event ? 1 : 0)} events`);
  return event;
}

function problemsOf(text: string): readonly Problem[] {
  return withText(text, (capture) => {
    eventsIn(capture);
    return capture.problems;
  });
}

describe('the head of a line', () => {
  const heads: [string, string, Partial<TextEvent>][] = [
    [
      'five flags',
      '         svmload-1826    [001] d.s2.   252.025448: x: a=1',
      { comm: 'svmload', tid: 1826, cpu: 1, time: 252025448000n, flags: 0x211 },
    ],
    [
      'four flags',
      '           <...>-1252  [000] dNh2   108.255501: x: a=1',
      { tid: 1252, flags: 0x22d },
    ],
    ['no flags', '         svmload-866     [001]     66.133229: x: a=1', { flags: 0, cpu: 1 }],
    [
      'migrate-disable and preempt depth are hexadecimal',
      '         svmload-866     [001] ..sa1     66.133229: x: a=1',
      { flags: 0x1a10 },
    ],
    [
      'record-tgid',
      '         svmload-1852    (   1850) [001] .....   254.815816: x: a=1',
      { tid: 1852, cpu: 1, time: 254815816000n },
    ],
    [
      'unknown tgid',
      '          <idle>-0       (-------) [011] dNs2.   254.827814: x: a=1',
      { tid: 0, cpu: 11 },
    ],
    [
      'old unknown tgid',
      '          <idle>-0     (-----) [001] dNs2   254.827814: x: a=1',
      { tid: 0 },
    ],
    ['nanoseconds', ' a-1 [000] ..... 1.123456789: x: a=1', { time: 1123456789n }],
    ['ticks', '  svmload-884     (    884) [000] .....         6772: x: a=1', { time: 6772n }],
    [
      'ticks beyond 2^53',
      ' a-1 [000] .....  18446744073709551615: x: a=1',
      { time: 18446744073709551615n },
    ],
    [
      'a time of day (clock tai)',
      ' a-1 [000] ..... 1795206790.531234: x: a=1',
      { time: 1795206790531234000n },
    ],
    [
      'a comm with dashes, colons and digits',
      ' kworker/u64:34-kcryptd-252:0-1 [000] ..... 1.0: x: a=1'.replace('1.0', '1.000000'),
      { comm: 'kworker/u64:34-kcryptd-252:0', tid: 1 },
    ],
    [
      'a comm with spaces and brackets',
      '  Web [1] Cont-77 [2]-1234    [003] ..... 1.000000: x: a=1',
      { comm: 'Web [1] Cont-77 [2]', tid: 1234, cpu: 3 },
    ],
    [
      'a comm that looks like a head',
      '    a-9 [000] b-1234    [003] ..... 1.000000: x: a=1',
      { comm: 'a-9 [000] b', tid: 1234, cpu: 3 },
    ],
    ['without leading spaces', 'sh-1 [000] ..... 1.000000: x: a=1', { comm: 'sh', tid: 1 }],
    [
      'latency-format',
      ' svmload-360       1d.s.. 83322us!: x: a=1',
      { comm: 'svmload', tid: 360, cpu: 1, time: 83322000n, flags: 0x11 },
    ],
    [
      'latency-format, short delay',
      '  <idle>-0         1..... 92534us : x: a=1',
      { time: 92534000n, tid: 0 },
    ],
    [
      'latency-format with verbose',
      '             cc1    6295   1 1 00000002 00000000 [64acadc3] 16.683ms (+0.052ms): x: a=1',
      { comm: 'cc1', tid: 6295, cpu: 1, time: 0x64acadc3n * 1000n, flags: 0x201 },
    ],
  ];
  it.each(heads)('%s', (_, line, wanted) => {
    expect(one(line)).toMatchObject({ type: ':x', fields: { a: 1 }, ...wanted });
  });
});

describe('what follows the head', () => {
  const HEAD = '         svmload-1826    [001] .....   252.000001: ';
  const events: [string, string, Record<string, unknown>][] = [
    [
      'dma_fence:dma_fence_init',
      'dma_fence_init: driver=vma unbind fence timeline=[i915] x context=0 seqno=4294967295',
      { driver: 'vma unbind fence', timeline: '[i915] x', context: 0, seqno: 4294967295 },
    ],
    [
      'sched:sched_process_fork',
      'sched_process_fork: comm=a pid=1 b pid=157 child_comm=sh child_pid=1826',
      { parent_comm: 'a pid=1 b', parent_pid: 157, child_comm: 'sh', child_pid: 1826 },
    ],
    [
      'sched:sched_process_exit',
      'sched_process_exit: comm=sh pid=1 prio=120 group_dead=true',
      { group_dead: 1 },
    ],
    [
      'gpu_scheduler:drm_sched_job_run',
      'drm_sched_job_run: dev=svmlab, fence=17:1, ring=sl-ring-B, job count:0, hw job count:2, client_id:538',
      { dev: 'svmlab', fence_context: 17, fence_seqno: 1, name: 'sl-ring-B', hw_job_count: 2 },
    ],
    [
      'amdgpu:amdgpu_iv',
      'amdgpu_iv: ih:0 client_id:27 src_id:0 ring:0 vmid:8 timestamp: 274901893 pasid:32770 src_data: 00000010 0000002f 00000000 00000000',
      { client_id: 27, vmid: 8, pasid: 32770, src_data: [16, 47, 0, 0] },
    ],
    ['mmap:exit_mmap', 'exit_mmap: mt_mod 0000000017df9462, DESTROY', { mt: '0000000017df9462' }],
    [
      ':inval_start',
      'inval_start: (__mmu_notifier_invalidate_range_start+0x4/0x1e0) mm=0xff20a4a1c25e3c80 start=0x0 end=0xffffffffffffffff flags=1 event=0',
      {
        __probe_ip: '__mmu_notifier_invalidate_range_start+0x4/0x1e0',
        mm: 0xff20a4a1c25e3c80n,
        start: 0,
        end: 0xffffffffffffffffn,
        event: 0,
      },
    ],
    [
      ':drv_inval_ret',
      'drv_inval_ret: (sl_ioctl+0x1ef/0x610 [svmlab] <- sl_invalidate) ret=-16',
      { __probe_func: 'sl_invalidate', __probe_ret_ip: 'sl_ioctl+0x1ef/0x610 [svmlab]', ret: -16 },
    ],
    // a probe the user named like an event of the kernel
    [
      ':exit_mmap',
      'exit_mmap: (exit_mmap+0x0/0x10) mm=0x10',
      { __probe_ip: 'exit_mmap+0x0/0x10', mm: 16 },
    ],
    [
      'syscalls:sys_enter_munmap',
      'sys_munmap(addr: 7fd94cc53000, len: 9e97)',
      { addr: 0x7fd94cc53000, len: 0x9e97 },
    ],
    ['syscalls:sys_enter_munmap', 'sys_munmap(addr: 0x7fd94cc53000, len: 0x9e97)', { len: 0x9e97 }],
    ['syscalls:sys_exit_munmap', 'sys_munmap -> 0xfffffffffffffff4', { ret: 0xfffffffffffffff4n }],
    ['ftrace:function', 'sl_open <-misc_open', { ip: 'sl_open', parent_ip: 'misc_open' }],
    [
      'ftrace:function',
      'sl_open(i=0xff36aceb81141bb0, f=0x10) <-misc_open',
      { ip: 'sl_open', args: [0xff36aceb81141bb0n, 16] },
    ],
    ['ftrace:function', 'sl_do_fault.constprop.0() <-sl_ioctl', { ip: 'sl_do_fault.constprop.0' }],
    ['ftrace:print', 'tracing_mark_write: a: b', { ip: 'tracing_mark_write', buf: 'a: b' }],
    ['printk:console', 'console:  svmlab(OE)', { msg: ' svmlab(OE)' }],
    ['printk:console', 'console: ', { msg: '' }],
    [
      ':amdgpu_cs_bo_statistics',
      'amdgpu_cs_bo_statistics: total=12, name="a b", ring:3 ring=sdma0 hashed=00000000241a52ea',
      { total: 12, name: 'a b', ring: 3, ring_2: 'sdma0', hashed: '00000000241a52ea' },
    ],
  ];
  it.each(events)('%s from %s', (type, text, fields) => {
    const event = one(`${HEAD}${text}`);
    expect(event.type).toBe(type);
    expect(event.fields).toMatchObject(fields);
  });

  it('trace-cmd report without its first line', () => {
    const line = `         svmload-286   [002]    14.579383: dma_fence_init:       driver=d timeline=t context=1 seqno=2`;
    const [event] = read(`${line}\n`);
    expect(event?.fields).toMatchObject({
      driver: 'd',
      seqno: 2,
      payload: expect.stringMatching(/^driver/),
    });
  });

  it('is printed as it was recorded', () => {
    const text = 'x: a=0x10,  b: 007 (nil)';
    withText(`# tracer: nop\n${HEAD}${text}\n`, (capture) => {
      for (const batch of capture.batches()) {
        const [type] = capture.header.eventTypes;
        expect(type && capture.print(type, batch.fields(0))).toBe(text.slice(3));
      }
    });
  });
});

const A = '          <idle>-0       [000] .....     1.000000: ';
const B = '          <idle>-0       [000] .....     2.000000: ';

describe('events of several lines', () => {
  it('a marker with line feeds', () => {
    const [marker, next] = read(`${A}tracing_mark_write: one\n\ntwo\n${B}x: a=1\n`);
    expect(marker?.fields.buf).toBe('one\n\ntwo');
    expect(next?.fields.a).toBe(1);
  });

  it('kernel and user stacks are events of their own', () => {
    const text = `${A}x: a=1\n${A}<stack trace>\n => one\n => two+0xa6/0x100 <ffffffff815cb286>\n${B}<user stack trace>\n =>  <000000000067a982>\n${B}x: a=2\n`;
    expect(read(text).map(({ type, fields }) => [type, fields.caller ?? fields.a])).toEqual([
      [':x', 1],
      ['ftrace:kernel_stack', 'one\ntwo+0xa6/0x100 <ffffffff815cb286>'],
      ['ftrace:user_stack', '<000000000067a982>'],
      [':x', 2],
    ]);
  });

  it('a line of no known form is counted and shown, not taken for the event before it', () => {
    const text = `${A}x: a=1\nwhat is this\n${B}x: a=2\n`;
    expect(read(text).map(({ fields }) => fields.payload)).toEqual(['a=1', 'a=2']);
    expect(problemsOf(text)).toMatchObject([
      { code: 'unrecognised-line', count: 1, message: expect.stringContaining('what is this') },
    ]);
  });
});

describe('what the recorder lost', () => {
  it('told by trace_pipe: a gap on that CPU', () => {
    const other = A.replace('[000]', '[001]').replace('1.000000', '1.500000');
    const text = `${A}x: a=1\n${other}x: a=9\nCPU:0 [LOST 39539 EVENTS]\n${B}x: a=2\n`;
    withText(text, (capture) => {
      eventsIn(capture);
      expect(capture.losses).toEqual([
        { buffer: 0, cpu: 0, from: 0, to: 1e9, events: 39539, kind: 'dropped' },
      ]);
    });
  });

  it('told by the head of trace alone: the start is overwritten', () => {
    const text = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 2/402   #P:4\n${A}x: a=1\n${B}x: a=2\n`;
    withText(text, (capture) => {
      expect(capture.header.cpus).toBe(4);
      expect(capture.losses).toEqual([
        { buffer: 0, cpu: 0, from: null, to: 0, events: 400, kind: 'overwritten' },
      ]);
    });
  });

  it('nothing where as many were written as are left', () => {
    const text = `# entries-in-buffer/entries-written: 1/1   #P:4\n${A}x: a=1\n`;
    withText(text, (capture) => expect(capture.losses).toEqual([]));
  });
});

describe('odd bytes', () => {
  it('CRLF, and a last line without its end', () => {
    expect(read(`${A}x: a=1\r\n${B}x: a=2`).map(({ fields }) => fields.payload)).toEqual([
      'a=1',
      'a=2',
    ]);
  });

  it('names that every object has', () => {
    const [event] = read(`${A}constructor: toString=1 __proto__=2 a=1\n`);
    expect(event?.type).toBe(':constructor');
    expect(Object.keys(event?.fields ?? {})).toEqual(['a', 'payload']);
  });

  it('bytes that are no UTF-8, and NULs', () => {
    const text = Buffer.from(`${A}x: name=caf\xe9\n${B}x: name=a\0b\n`, 'latin1');
    const names = withText(text, eventsIn).map(({ fields }) => fields.name);
    expect(names).toEqual(['café', 'a\0b']);
  });

  it('a line of three megabytes costs its end, not the events around it', () => {
    const text = `${A}x: a=1\n${A}x: long=${'y'.repeat(3_000_000)}\n${B}x: a=2\n`;
    const events = read(text);
    expect(events.map(({ fields }) => fields.a)).toEqual([1, undefined, 2]);
    expect(String(events[1]?.fields.long).length).toBeGreaterThan(1_000_000);
    expect(problemsOf(text)).toMatchObject([{ code: 'long-line' }]);
  });
});

describe('refused, with the option that would have recorded it', () => {
  const refusal = (text: string): TraceError => {
    try {
      withText(text, () => {});
    } catch (error) {
      if (error instanceof TraceError) return error;
      throw error;
    }
    throw new Error('it was opened');
  };

  it('without context-info', () => {
    const error = refusal(
      '# tracer: nop\n#\ndma_fence_init: driver=a timeline=b context=1 seqno=1\n',
    );
    expect(error.message).toMatch(/neither times nor tasks/);
    expect(error.hint).toMatch(/echo 1 > .*options\/context-info/);
  });

  it('raw', () => {
    expect(refusal('# tracer: nop\n#\n157 2 253987774581 type: 304\n').hint).toMatch(
      /echo 0 > .*options\/raw/,
    );
  });

  it('other text after a tracer line', () => {
    expect(refusal('# tracer: nop\nHello\n').message).toMatch(/no line that svm-trace knows/);
  });
});
