import { describe, expect, it } from 'vitest';
import { eventsIn, type TextEvent, withText } from '../../../test/text-events.ts';

function read(lines: string): TextEvent[] {
  return withText(`cpus=3\n${lines}\n`, eventsIn);
}

const PAYLOAD = 'x:                    a=1';

describe('the head of a line', () => {
  const heads: [string, string, Partial<TextEvent>][] = [
    [
      'default',
      `         svmload-286   [002]    14.579383: ${PAYLOAD}`,
      { tid: 286, cpu: 2, time: 14579383000n },
    ],
    ['-t', `         svmload-286   [002]    14.579383001: ${PAYLOAD}`, { time: 14579383001n }],
    [
      '-l',
      ` svmload-286     2d.h1.   14.579383: ${PAYLOAD}`,
      { cpu: 2, flags: 0x109, comm: 'svmload' },
    ],
    ['--ts-diff', `         svmload-286   [002]    14.579383: (+32) ${PAYLOAD}`, {}],
    ['--ts-diff, first line', `         svmload-286   [002]    14.579383:          ${PAYLOAD}`, {}],
    [
      '-l with ticks',
      ` svmload-286     2d.h1.234176413159: ${PAYLOAD}`,
      { cpu: 2, flags: 0x109, time: 234176413159n },
    ],
    ['-R -l', ` svmload-286     2-0x9    14.579383: ${PAYLOAD}`, { cpu: 2, flags: 9 }],
    [
      'clocks without a unit',
      `         svmload-286   [002]234176413159: ${PAYLOAD}`,
      { time: 234176413159n },
    ],
    [
      'a comm that is not known',
      `           <...>-1701  [001]    76.211513: ${PAYLOAD}`,
      { tid: 1701, comm: undefined },
    ],
  ];
  it.each(heads)('%s', (_, line, wanted) => {
    const [event] = read(line);
    expect(event).toMatchObject({ type: ':x', ...wanted });
    expect(event?.fields).toEqual({ a: 1, payload: 'a=1' });
  });

  it('the buffer ahead of the comm, which may hold colons itself', () => {
    const text = `cpus=3
  gpu:          svmload-1128  [002]    90.950891: ${PAYLOAD}
            a: b: c-1128  [002]    90.950892: ${PAYLOAD}
  gpu:     kworker/0:1-11    [002]    90.950893: ${PAYLOAD}
`;
    withText(text, (capture) => {
      expect(capture.header.buffers.map(({ name }) => name)).toEqual(['', 'gpu']);
      const buffers: number[] = [];
      for (const { buffer, length } of capture.batches()) buffers.push(...buffer.slice(0, length));
      expect(buffers).toEqual([1, 0, 1]);
    });
  });
});

describe('payloads as libtraceevent prints them', () => {
  const HEAD = '         svmload-286   [002]    14.579383: ';
  const events: [string, string, Record<string, unknown>][] = [
    [
      ':mni_insert',
      'mni_insert:           (ffffffff9d3ff2f4) mm=0x10',
      { __probe_ip: 0xffffffff9d3ff2f4n, mm: 16 },
    ],
    [
      ':mni_insert_ret',
      'mni_insert_ret:       (ffffffff9d3ff2f4 <- ffffffffc04c57ef) ret=0',
      { __probe_func: 0xffffffff9d3ff2f4n, __probe_ret_ip: 0xffffffffc04c57efn, ret: 0 },
    ],
    [
      'syscalls:sys_enter_munmap',
      'sys_enter_munmap:     addr: 0x7f59, len: 0x00010000',
      { addr: 0x7f59, len: 65536 },
    ],
    [
      'syscalls:sys_exit_munmap',
      'sys_exit_munmap:      0xfffffffffffffff4',
      { ret: 0xfffffffffffffff4n },
    ],
    [
      'sched:sched_switch',
      'sched_switch:         kworker/0:1:46 [120] S ==> swapper/3:0 [120]',
      { prev_comm: 'kworker/0:1', prev_pid: 46, next_comm: 'swapper/3', next_pid: 0 },
    ],
    [
      'kmem:kmem_cache_free',
      'kmem_cache_free:      (do_vmi_munmap+0xfc77) call_site=do_vmi_munmap+0xfc77 ptr=0x10 name=vma',
      { call_site: 'do_vmi_munmap+0xfc77', ptr: 16 },
    ],
    [
      'ftrace:bprint',
      'bprint:               enqueue_task_fair: a: b',
      { ip: 'enqueue_task_fair', fmt: 'a: b' },
    ],
    ['ftrace:function', 'function:                dma_fence_init', { ip: 'dma_fence_init' }],
    [
      'ftrace:function',
      'function:             hmm_range_fault <-- sl_ioctl',
      { ip: 'hmm_range_fault', parent_ip: 'sl_ioctl' },
    ],
    [
      'ftrace:funcgraph_entry',
      'funcgraph_entry:       func=0xffffffffba5ddc00 depth=3',
      { func: 0xffffffffba5ddc00n, depth: 3 },
    ],
    ['syscalls:sys_exit_recvmsg', 'sys_recvmsg -> 0x24', { ret: 0x24 }],
  ];
  it.each(events)('%s from %s', (type, text, fields) => {
    const [event] = read(`${HEAD}${text}`);
    expect(event?.type).toBe(type);
    expect(event?.fields).toMatchObject(fields);
  });

  const plain: [string, string, Record<string, unknown>][] = [
    [
      ':mni_insert',
      'mni_insert:            __probe_ip=ffffffff9d3ff2f4 mm=0x10',
      { __probe_ip: 0xffffffff9d3ff2f4n },
    ],
    ['syscalls:sys_exit_munmap', 'sys_exit_munmap:     __syscall_nr=10 ret=0x0', { ret: 0 }],
    [
      'syscalls:sys_enter_munmap',
      'sys_enter_munmap:    __syscall_nr=10 addr=0x7f59 len=0x00010000',
      { len: 65536 },
    ],
    [
      'ftrace:funcgraph_entry',
      'funcgraph_entry:      --> sl_open (1)',
      { func: 'sl_open', depth: 1 },
    ],
    [
      'ftrace:funcgraph_exit',
      'funcgraph_exit:       <-- sl_open (0) (start: 33e98faafd  end: 33e9a20694) over: 0',
      { func: 'sl_open', calltime: 0x33e98faafd, rettime: 0x33e9a20694 },
    ],
  ];
  it.each(plain)('-R and -N: %s from %s', (type, text, fields) => {
    const [event] = read(`${HEAD}${text}`);
    expect(event?.type).toBe(type);
    expect(event?.fields).toMatchObject(fields);
  });

  it('function_graph: the return has the name of the call it ends', () => {
    const events = read(`${HEAD}funcgraph_entry:                   |  sl_open() {
${HEAD.replace('383', '393')}funcgraph_entry:      + 79.353 us  |    leaf();
${HEAD.replace('383', '903')}funcgraph_exit:       # 1203.095 us |  }`);
    expect(events.map(({ type, fields }) => `${type.slice(17)} ${String(fields.func)}`)).toEqual([
      'entry sl_open',
      'entry leaf',
      'exit leaf',
      'exit sl_open',
    ]);
  });

  it('a stack belongs to one event', () => {
    const events = read(`${HEAD}kernel_stack:         <stack trace >
=> one (ffffffff93f98e44)
=> two (ffffffff93f9a70b)
${HEAD}${PAYLOAD}`);
    expect(events.map(({ fields }) => fields.caller ?? fields.a)).toEqual([
      'one (ffffffff93f98e44)\ntwo (ffffffff93f9a70b)',
      1,
    ]);
  });
});

it('events dropped, with and without their number', () => {
  const at = (time: string) => `         svmload-286   [000]    ${time}: ${PAYLOAD}`;
  const text = `cpus=1\nCPU 2 is empty\nCPU:0 [EVENTS DROPPED]\n${at('1.000000')}\nCPU:0 [92 EVENTS DROPPED]\n${at('2.000000')}\nCPU:0 [7 EVENTS DROPPED]\n`;
  withText(text, (capture) => {
    expect(capture.losses).toEqual([
      { buffer: 0, cpu: 0, from: null, to: 0, events: null, kind: 'dropped' },
      { buffer: 0, cpu: 0, from: 0, to: 1e9, events: 92, kind: 'dropped' },
      { buffer: 0, cpu: 0, from: 1e9, to: null, events: 7, kind: 'dropped' },
    ]);
    expect(capture.problems).toEqual([]);
  });
});

it('most of dma_fence occurs: the others are taken for enabled, and it says so', () => {
  const fences = ['init', 'emit', 'enable_signal', 'wait_start', 'wait_end'];
  const line = (name: string) =>
    `         svmload-286   [000]    1.000000: dma_fence_${name}: driver=d timeline=t context=1 seqno=1`;
  const types = (names: readonly string[]) =>
    withText(`cpus=1\n${names.map(line).join('\n')}\n`, ({ header, problems }) => ({
      has: header.eventTypes.some(({ name }) => name === 'dma_fence_signaled'),
      said: problems.some(({ code }) => code === 'assumed-enabled'),
    }));
  expect(types(fences)).toEqual({ has: true, said: true });
  expect(types(fences.slice(0, 3))).toEqual({ has: false, said: false });
});
