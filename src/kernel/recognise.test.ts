import { describe, expect, it } from 'vitest';
import type {
  CaptureHeader,
  EventType,
  Fields,
  FieldValue,
  KernelSymbol,
} from '../parsers/parser.ts';
import type { Occurrence } from './occurrence.ts';
import { createRecogniser, type Recogniser } from './recognise.ts';

const MOMENT = { event: 1, ts: 5, cpu: 0, tid: 10 };
const START = '__mmu_notifier_invalidate_range_start';
const END = '__mmu_notifier_invalidate_range_end';

/** `system:name field field …` */
function eventTypes(declarations: readonly string[]): EventType[] {
  return declarations.map((declaration, index) => {
    const [id = '', ...fields] = declaration.split(' ');
    const [system = '', name = ''] = id.split(':');
    return {
      index,
      id: index,
      system,
      name,
      fields: fields.map((field) => ({
        name: field,
        declaration: field,
        kind: 'integer',
        signed: false,
        size: 8,
      })),
      printFormat: '',
    };
  });
}

interface Set {
  readonly recogniser: Recogniser;
  /** What the event `index` of the header means with these fields. */
  tell(index: number, fields: Fields, tid?: number): Occurrence | undefined;
  type(index: number): EventType;
}

function recording(
  declarations: readonly string[],
  symbols: Readonly<Record<number, KernelSymbol>> = {},
  uname?: string,
): Set {
  const types = eventTypes(declarations);
  const header = { eventTypes: types, buffers: [], uname } as unknown as CaptureHeader;
  const recogniser = createRecogniser(header, (address) => symbols[Number(address)]);
  const type = (index: number) => types[index] as EventType;
  return {
    recogniser,
    tell: (index, fields, tid = MOMENT.tid) =>
      recogniser.recognise(type(index), fields, { ...MOMENT, tid }),
    type,
  };
}

describe('SMI events of amdkfd', () => {
  const { tell, recogniser } = recording([
    'kfd_smi:migrate_start start size from to prefetch_loc preferred_loc trigger',
    'kfd_smi:queue_restore node rescheduled',
    'kfd_smi:vmfault',
    'kfd_smi:page_fault_start addr node rw',
    'kfd_smi:process_start',
  ]);

  it('count in pages and are of the process they name', () => {
    const fields = { start: 0x7fa608000, size: 512, from: 0, to: 0xad5c, trigger: 1 };
    expect(tell(0, fields, 4711)).toMatchObject({
      kind: 'migration.start',
      pid: 4711,
      start: 0x7fa608000000,
      bytes: 2 * 1024 * 1024,
      to: 0xad5c,
      trigger: 1,
      prefetch: undefined,
    });
    expect(tell(3, { addr: 2 ** 52 - 1, node: 1, rw: 'W' })).toMatchObject({
      kind: 'device.fault',
      address: 0xffff_ffff_ffff_f000n,
      write: true,
    });
  });

  it('tell a queue that runs again from one that is tried again', () => {
    expect(tell(1, { node: 1 })).toMatchObject({ kind: 'queue.restore', rescheduled: false });
    expect(tell(1, { node: 1, rescheduled: 'R' })).toMatchObject({ rescheduled: true });
  });

  it('of a fault nobody could serve have no address', () => {
    expect(tell(2, {}, 9)).toMatchObject({ kind: 'device.fault', address: undefined, tid: 9 });
    expect(recogniser.select({ index: 4 } as EventType)).toBe('rows');
  });
});

describe('tracepoints', () => {
  it('are the same in every version', () => {
    const { tell } = recording([
      'fence:fence_signaled context seqno driver timeline',
      'dma_fence:dma_fence_signaled context seqno driver timeline',
    ]);
    const fields = { context: 3, seqno: 2, driver: 'vgem', timeline: 'unbound' };
    const expected = { kind: 'fence.signaled', context: 3, seqno: 2, tid: 10 };
    expect(tell(0, fields)).toMatchObject(expected);
    expect(tell(1, fields)).toMatchObject(expected);
  });

  it('of gpu_scheduler name a job by pointer, later by context:seqno', () => {
    const { tell } = recording([
      'gpu_scheduler:drm_run_job entity fence name id',
      'gpu_scheduler:drm_sched_job_run name dev fence_context fence_seqno',
    ]);
    expect(tell(0, { entity: 1, fence: 0xf00, name: 'gfx', id: 4 })).toMatchObject({
      kind: 'job.run',
      ring: 'gfx',
      fence: 0xf00,
      id: 4,
      context: undefined,
    });
    expect(tell(1, { name: 'gfx', dev: 'card0', fence_context: 13, fence_seqno: 4 })).toMatchObject(
      { kind: 'job.run', context: 13, seqno: 4, id: undefined },
    );
  });

  it('of an exit know the death of the group only where the kernel says it', () => {
    const { tell } = recording(['sched:sched_process_exit comm pid', 'x:y']);
    expect(tell(0, { comm: 'a', pid: 1 })).toMatchObject({ groupDead: undefined });
    expect(tell(0, { comm: 'a', pid: 1, group_dead: 0 })).toMatchObject({ groupDead: false });
    expect(tell(0, { comm: 'a', pid: 1, group_dead: 1 })).toMatchObject({ groupDead: true });
  });

  it('of amdgpu interrupts are faults only for the VM fault vectors', () => {
    const { tell } = recording(['amdgpu:amdgpu_iv client_id src_id pasid vmid src_data']);
    const fault = {
      client_id: 27,
      src_id: 0,
      pasid: 32770,
      vmid: 8,
      src_data: [0x07f52799, 0xa1, 0, 0],
    };
    expect(tell(0, fault)).toMatchObject({
      kind: 'device.fault',
      pasid: 32770,
      address: 0x107f52799000n,
      write: true,
    });
    expect(tell(0, { ...fault, src_id: 181 })).toBeUndefined();
  });

  it('that mean nothing are counted, not decoded', () => {
    const { recogniser, type } = recording(['kmem:kmalloc ptr', 'mmap:exit_mmap mm']);
    expect(recogniser.select(type(0))).toBe('count');
    expect(recogniser.select(type(1))).toBe('rows');
  });
});

describe('probes', () => {
  const symbols = {
    4096: { name: START, offset: 0 },
    4100: { name: START, offset: 4 },
    8192: { name: 'hmm_range_fault.isra.0', offset: 0 },
    12288: { name: 'exit_robust_list', offset: 0x900 },
    16384: { name: 'sl_invalidate', offset: 4, module: 'svmlab' },
    20480: { name: 'amdgpu_hmm_invalidate_gfx', offset: 0, module: 'amdgpu' },
    24576: { name: '__probestub_dma_fence_signaled', offset: 4 },
  };

  it('are what they probe, whatever the event is called', () => {
    const { tell, recogniser } = recording(
      ['mine:foo __probe_ip mm start end flags event', 'mine:bar __probe_func __probe_ret_ip ret'],
      symbols,
    );
    const args = { mm: 0x99, start: 1, end: 2, flags: 1, event: 2 };
    expect(tell(0, { __probe_ip: 0x1004, ...args })).toMatchObject({
      kind: 'invalidation.begin',
      mm: 0x99,
      start: 1,
      end: 2,
      flags: 1,
      reason: 2,
      source: 'probe',
      sane: true,
    });
    expect(tell(1, { __probe_func: 0x1000, __probe_ret_ip: 7, ret: 0xfffffff5 })).toMatchObject({
      kind: 'invalidation.begin_return',
      ret: -11,
    });
    expect(recogniser.guesses).toEqual([]);
  });

  it('lose the suffixes the compiler gave them', () => {
    const { tell } = recording(['p:x __probe_ip notifier seq start end'], symbols);
    const args = { __probe_ip: 0x2000, notifier: 5, seq: 3, start: 0, end: 9 };
    expect(tell(0, args)).toMatchObject({ kind: 'hmm.range_fault', mni: 5, seq: 3 });
  });

  it('go by their event name where a trimmed symbol table lies, and say so', () => {
    const { tell, recogniser } = recording(
      ['svm:rd_begin_ret __probe_func __probe_ret_ip seq', 'svm:hmm_range_fault __probe_ip start'],
      symbols,
    );
    expect(tell(0, { __probe_func: 0x3000, __probe_ret_ip: 1, seq: 17 })).toMatchObject({
      kind: 'hmm.read_begin_return',
      seq: 17,
    });
    expect(tell(1, { __probe_ip: 0x3000, start: 1 })).toMatchObject({ kind: 'hmm.range_fault' });
    expect(recogniser.guesses).toEqual([
      { system: 'svm', event: 'rd_begin_ret', function: 'mmu_interval_read_begin' },
      { system: 'svm', event: 'hmm_range_fault', function: 'hmm_range_fault' },
    ]);
  });

  it('on driver functions have the role the catalogue knows, or none yet', () => {
    const { tell } = recording(
      ['d:a __probe_ip mni', 'd:b __probe_ip mni', 'd:b_ret __probe_func __probe_ret_ip ret'],
      symbols,
    );
    expect(tell(0, { __probe_ip: 0x5000, mni: 5 })).toMatchObject({
      kind: 'probe.enter',
      function: 'amdgpu_hmm_invalidate_gfx',
      role: 'invalidate-callback',
      module: 'amdgpu',
      args: { mni: 5 },
    });
    expect(tell(1, { __probe_ip: 0x4000, mni: 5 })).toMatchObject({
      function: 'sl_invalidate',
      role: 'unknown',
    });
    expect(tell(2, { __probe_func: 0x4000, __probe_ret_ip: 1, ret: 1 })).toMatchObject({
      kind: 'probe.return',
      function: 'sl_invalidate',
      ret: 1,
    });
  });

  it('keep an unknown function named drm_dev_enter whole', () => {
    const { tell } = recording(['u:drm_dev_enter __probe_ip', 'u:drm_dev_enter_ret __probe_func']);
    expect(tell(0, { __probe_ip: 1 })).toMatchObject({ function: 'drm_dev_enter' });
    expect(tell(1, { __probe_func: 1 })).toMatchObject({ function: 'drm_dev_enter' });
  });

  it('two on one function count once, the one with more arguments', () => {
    const { tell } = recording(
      ['p:poor __probe_ip range', 'p:rich __probe_ip mm start end'],
      symbols,
    );
    tell(0, { __probe_ip: 0x1000, range: 7 });
    expect(tell(1, { __probe_ip: 0x1000, mm: 9, start: 1, end: 2 })).toMatchObject({ mm: 9 });
    expect(tell(0, { __probe_ip: 0x1000, range: 7 })).toBeUndefined();
  });

  it('on a tracepoint are what the tracepoint says', () => {
    const { tell } = recording(['t:sig __probe_ip context seqno error'], symbols);
    expect(tell(0, { __probe_ip: 0x6000, context: 5, seqno: 1, error: -5 })).toMatchObject({
      kind: 'fence.signal_call',
      context: 5,
      error: -5,
    });
  });
});

describe('the flags of a fence', () => {
  const wasSignaled = (flags: number, uname?: string) => {
    const { tell } = recording(['svm:fsig __probe_ip fence ctx seq flags err'], {}, uname);
    const call = tell(0, { __probe_ip: 1, fence: 1, ctx: 8, seq: 1, flags, err: 0 });
    return call?.kind === 'fence.signal_call' ? call.signaled : 'no call';
  };

  it('say in bit 0 up to 6.18 and in bit 3 since 7.2 that it was signalled', () => {
    expect(wasSignaled(0x4, 'Linux host 6.12.117-svmlab #1 SMP x86_64')).toBe(false);
    expect(wasSignaled(0x7, 'Linux host 6.12.117-svmlab #1 SMP x86_64')).toBe(true);
    expect(wasSignaled(0x23, 'Linux host 7.2.13+deb14-amd64 x86_64')).toBe(false);
    expect(wasSignaled(0x2b, 'Linux host 7.2.13+deb14-amd64 x86_64')).toBe(true);
  });

  it('say nothing where the release is unknown, unless bit 0 is clear in both', () => {
    expect(wasSignaled(0x7)).toBeUndefined();
    expect(wasSignaled(0x4)).toBe(false);
  });
});

describe('the function tracers', () => {
  const symbols = {
    1: { name: START, offset: 4 },
    2: { name: 'vfs_read', offset: 4 },
    3: { name: 'sl_invalidate', offset: 4, module: 'svmlab' },
    4: { name: 'hmm_range_fault', offset: 4 },
    5: { name: 'built_in_callback', offset: 4 },
    6: { name: END, offset: 4 },
    7: { name: 'mmu_interval_notifier_insert', offset: 4 },
  };

  it('give the same occurrences without arguments, and no row to other functions', () => {
    const { tell, recogniser, type } = recording(['ftrace:function ip parent_ip'], symbols);
    expect(tell(0, { ip: 1, parent_ip: 9 })).toMatchObject({
      kind: 'invalidation.begin',
      source: 'function',
      mm: undefined,
    });
    expect(recogniser.keepRow(type(0), {})).toBe(true);
    expect(tell(0, { ip: 2, parent_ip: 9 })).toBeUndefined();
    expect(recogniser.keepRow(type(0), {})).toBe(false);
  });

  it('with func-args name the registers by the parameters', () => {
    const { tell } = recording(['ftrace:function ip parent_ip args'], symbols);
    const args: FieldValue = [0x99, 0x1000, 0x7000, 0x1000, 0, 0];
    expect(tell(0, { ip: 7, parent_ip: 9, args })).toMatchObject({
      kind: 'notifier.insert',
      mni: 0x99,
      mm: 0x1000,
      start: 0x7000,
      length: 0x1000,
    });
  });

  it('as graph show returns, and the callbacks by their place', () => {
    const { tell } = recording(
      ['ftrace:funcgraph_entry func depth', 'ftrace:funcgraph_exit func depth retval'],
      symbols,
    );
    expect(tell(0, { func: 5, depth: 3 })).toBeUndefined();
    expect(tell(0, { func: 1, depth: 2 })).toMatchObject({ kind: 'invalidation.begin' });
    expect(tell(0, { func: 5, depth: 3 })).toMatchObject({ function: 'built_in_callback' });
    expect(tell(0, { func: 5, depth: 3 }, 11)).toBeUndefined();
    expect(tell(1, { func: 1, depth: 2, retval: 0 })).toMatchObject({
      kind: 'invalidation.begin_return',
    });
    expect(tell(0, { func: 5, depth: 3 })).toBeUndefined();
    expect(tell(0, { func: 4, depth: 1 })).toMatchObject({ kind: 'hmm.range_fault' });
    expect(tell(1, { func: 4, depth: 1, retval: 0xfffffff0 })).toMatchObject({ ret: -16 });
  });

  it('do not count a call a probe tells of as well', () => {
    const { tell } = recording(
      ['svm:inval_start __probe_ip mm start end', 'ftrace:funcgraph_entry func depth'],
      symbols,
    );
    expect(tell(0, { __probe_ip: 1, mm: 5, start: 1, end: 2 })).toMatchObject({ mm: 5 });
    expect(tell(1, { func: 1, depth: 2 })).toBeUndefined();
  });
});

describe('what a capture could have shown', () => {
  it('is what was recorded beside something that was seen', () => {
    const { tell, recogniser } = recording([
      'dma_fence:dma_fence_init context seqno driver timeline',
      'dma_fence:dma_fence_signaled context seqno driver timeline',
      'svm:inval_start __probe_ip mm',
      'sched:sched_process_exit comm pid',
    ]);
    expect(recogniser.possible('fence.signaled')).toBe(false);
    tell(0, { context: 1, seqno: 1, driver: '', timeline: '' });
    expect(recogniser.possible('fence.signaled')).toBe(true);
    expect(recogniser.possible('invalidation.begin')).toBe(false);
    expect(recogniser.possible('task.exit')).toBe(false);
    expect(recogniser.observed.get('fence.init')).toBe(1);
  });
});

describe('kernels before 5.8', () => {
  it('wait for i915 requests of a ring, which name no fence before they have a context', () => {
    const { tell } = recording([
      'i915:i915_gem_request_wait_begin dev ring seqno',
      'i915:i915_gem_request_wait_end dev ring ctx seqno',
    ]);
    expect(tell(0, { dev: 0, ring: 1, seqno: 77 })).toMatchObject({
      kind: 'fence.wait_call',
      context: undefined,
      seqno: undefined,
    });
    expect(tell(1, { dev: 0, ring: 1, ctx: 4, seqno: 77 })).toMatchObject({
      kind: 'fence.wait_return',
    });
  });

  it('mirror a whole mm and fault with hmm_vma_fault', () => {
    const { tell } = recording([
      'a:hmm_mirror_register __probe_ip mirror mm',
      'a:hmm_vma_fault __probe_ip range start end',
      'a:hmm_vma_fault__return __probe_func __probe_ret_ip arg1',
      'a:hmm_mirror_unregister __probe_ip mirror',
    ]);
    expect(tell(0, { mirror: 0x77, mm: 0x10 })).toMatchObject({
      kind: 'subscription.register',
      subscription: 0x77,
      mm: 0x10,
    });
    expect(tell(1, { start: 0x1000, end: 0x2000 })).toMatchObject({
      kind: 'hmm.range_fault',
      start: 0x1000,
    });
    expect(tell(2, { arg1: 0xffff_fff0 })).toMatchObject({
      kind: 'hmm.range_fault_return',
      ret: -16,
    });
    expect(tell(3, { mirror: 0x77 })).toMatchObject({ kind: 'subscription.unregister' });
  });
});

describe('a probe on the release of a fence', () => {
  const declared = ['svm:frel __probe_ip ctx seq flags err'];

  it('names the fence and the error it had', () => {
    const { tell } = recording(declared, {}, 'Linux h 6.12.1 #1');
    expect(tell(0, { ctx: 7, seq: 3, flags: 7, err: -62 })).toMatchObject({
      kind: 'fence.release_call',
      context: 7,
      seqno: 3,
      signaled: true,
      error: -62,
    });
  });

  it('says nothing of an error that is none, or of a fence it does not name', () => {
    const { tell } = recording(declared);
    expect(tell(0, { ctx: 7, seq: 3, flags: 7, err: -99999 })).toMatchObject({ error: undefined });
    expect(tell(0, { err: -62 })).toBeUndefined();
  });
});

describe('a probe whose function only its name tells', () => {
  const kindOf = (event: string, edge: 'enter' | 'return') => {
    const marks = edge === 'enter' ? '__probe_ip' : '__probe_func __probe_ret_ip';
    return recording([`kprobes:${event} ${marks} ret`]).tell(0, { ret: 0 });
  };

  it.each([
    // trace_kprobe.c names what has no name
    ['p_hmm_range_fault_0', 'enter', 'hmm.range_fault'],
    ['r_hmm_range_fault_0', 'return', 'hmm.range_fault_return'],
    ['p___mmu_notifier_release_0', 'enter', 'mm.release'],
    // trace_fprobe.c
    ['hmm_range_fault__entry', 'enter', 'hmm.range_fault'],
    ['hmm_range_fault__exit', 'return', 'hmm.range_fault_return'],
    // perf probe, the second on one function
    ['hmm_range_fault_1', 'enter', 'hmm.range_fault'],
    ['hmm_range_fault__return_1', 'return', 'hmm.range_fault_return'],
    ['my_hmm_range_fault', 'enter', 'hmm.range_fault'],
    ['kretprobe_rd_begin_ret', 'return', 'hmm.read_begin_return'],
  ] as const)('%s (%s)', (event, edge, kind) => {
    expect(kindOf(event, edge)).toMatchObject({ kind });
  });

  it('is no other function whose name only begins alike', () => {
    expect(kindOf('amdgpu_hmm_range_get_pages_done', 'enter')).toMatchObject({
      function: 'amdgpu_hmm_range_get_pages_done',
      role: 'unknown',
    });
    expect(kindOf('hmm_range_fault_wrapper', 'enter')).toMatchObject({ kind: 'probe.enter' });
  });

  it('has one name at entry and return where nobody knows it', () => {
    const at = (event: string, edge: 'enter' | 'return') => kindOf(event, edge);
    expect(at('p_drv_fault_0', 'enter')).toMatchObject({ function: 'drv_fault' });
    expect(at('r_drv_fault_0', 'return')).toMatchObject({ function: 'drv_fault' });
    expect(at('drv_fault__entry', 'enter')).toMatchObject({ function: 'drv_fault' });
  });
});
