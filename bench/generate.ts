/**
 * Generates big captures: the mix of events of a busy machine (scheduler, memory, system calls,
 * timers) with about 7.5 % of events that matter to shared virtual memory: fences, invalidations,
 * range faults, forks and exits. Nothing goes wrong in it. Pages are written directly; each CPU is
 * one run through the file.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ByteWriter } from '../test/scenario/byte-writer.ts';
import { encodeEvent, type ScenarioFields } from '../test/scenario/encode-event.ts';
import { kernelFormats, type WriterFormat } from '../test/scenario/kernel-formats.ts';
import { DRIVER_PROBES, probe, SVM_PROBES } from '../test/scenario/probes.ts';
import {
  finishV7,
  firstOptionsAt,
  OPTION,
  startV7,
  type TraceDatContent,
} from '../test/scenario/trace-dat-writer.ts';

const CPUS = 4;
const PAGE_SIZE = 4096;
const PAGE_HEADER = 16;
const PROCESSES_PER_CPU = 8;
/** Events of one round of the mix; the domain's share of them is about 7.5 %. */
const BACKGROUND_PER_ROUND = 172;
/** Each so many rounds one process of the CPU is replaced: objects come and go by the thousand. */
const ROUNDS_PER_PROCESS = 40;
const BASE = 1_000_000_000_000n;
const WRITE_BYTES = 1 << 22;
/** A distribution's kernel has about this many symbols; trace-cmd stores them all. */
const SYMBOLS = 150_000;
const SYMBOLS_START = 0xffffffff81100000n;
const THREADS = 64;
const PARENT = 50;
const FIRST_THREAD = 1_000;
const PROBE_ADDRESS = 0xffffffff81001000n;
const KERNEL_POINTER = 0xffff_8881_0000_0000n;

/** Writes a capture of about `events` events; gives their exact number. */
export function generate(path: string, events: number): number {
  const { formats, kallsyms } = eventFormats();
  const content: TraceDatContent = {
    version: 7,
    compression: 'none',
    littleEndian: true,
    longSize: 8,
    pageSize: PAGE_SIZE,
    clock: 'mono',
    cpuCount: CPUS,
    uname: 'Linux bench 6.12.0 x86_64',
    formats: [...formats.values()],
    kallsyms,
    printk: '',
    cmdlines: Array.from({ length: THREADS }, (_, n) => `${FIRST_THREAD + n} worker/${n}\n`).join(
      '',
    ),
    buffers: [],
    options: [],
  };
  const { out, metadata } = startV7(content);
  const section = out.length;
  out.u16(OPTION.buffer).u16(0).u32(0).u64(0).align(PAGE_SIZE);
  const file = openSync(path, 'w');
  try {
    let at = out.length;
    writeSync(file, out.finish());
    const option = new ByteWriter(true)
      .u64(section)
      .cString('')
      .cString('mono')
      .u32(PAGE_SIZE)
      .u32(CPUS);
    let written = 0;
    for (let cpu = 0; cpu < CPUS; cpu++) {
      const stream = new CpuStream(file, at, cpu, formats);
      stream.run(Math.floor(events / CPUS));
      written += stream.events;
      option
        .u32(cpu)
        .u64(at)
        .u64(stream.at - at);
      at = stream.at;
    }
    writeSync(
      file,
      finishV7(content, at, metadata, [{ id: OPTION.buffer, data: option.finish() }]),
      0,
      null,
      at,
    );
    const patch = new ByteWriter(true);
    writeSync(file, patch.u64(at - section - 16).finish(), 0, 8, section + 8);
    writeSync(file, new ByteWriter(true).u64(at).finish(), 0, 8, firstOptionsAt(content));
    return written;
  } finally {
    closeSync(file);
  }
}

/** Call sites and functions of background events, spread over the symbol table. */
const site = (n: number): bigint => SYMBOLS_START + BigInt(n * 7_919 * 0x40 + 0x1c);
const SWITCH = { prev_prio: 120, prev_state: 1, next_prio: 120 };
const TIMER = {
  hrtimer: 0xffff888012340000n,
  expires: 1_000_000_000n,
  softexpires: 1_000_000_000n,
};

/** What a busy machine records beside the domain, in turn. */
const BACKGROUND: readonly (readonly [string, ScenarioFields])[] = [
  ['sched:sched_waking', { comm: 'worker', pid: 77, prio: 120, target_cpu: 1 }],
  ['sched:sched_wakeup', { comm: 'worker', pid: 77, prio: 120, target_cpu: 1 }],
  [
    'sched:sched_switch',
    { prev_comm: 'worker', prev_pid: 77, next_comm: 'bash', next_pid: 9, ...SWITCH },
  ],
  ['syscalls:sys_exit_read', { __syscall_nr: 0, ret: 4096 }],
  [
    'kmem:kmalloc',
    {
      call_site: site(1),
      ptr: 0xffff888012345600n,
      bytes_req: 96,
      bytes_alloc: 96,
      gfp_flags: 0xcc0,
      node: -1,
    },
  ],
  [
    'kmem:kmem_cache_alloc',
    {
      call_site: site(2),
      ptr: 0xffff888012345700n,
      bytes_req: 200,
      bytes_alloc: 200,
      gfp_flags: 0xcc0,
      node: -1,
    },
  ],
  ['kmem:rss_stat', { mm_id: 3_000_000_000, curr: 1, member: 1, size: 409_600 }],
  ['kmem:mm_page_alloc', { pfn: 123_456, order: 0, gfp_flags: 0x140cca, migratetype: 1 }],
  ['exceptions:page_fault_user', { address: 0x7f0000001000n, ip: 0x55d0c0001000n, error_code: 6 }],
  ['kmem:kfree', { call_site: site(3), ptr: 0xffff888012345600n }],
  ['syscalls:sys_enter_write', { __syscall_nr: 1, fd: 4, buf: 0x7f0000003000n, count: 64 }],
  ['sched:sched_stat_runtime', { comm: 'worker', pid: 77, runtime: 123_456 }],
  ['timer:hrtimer_start', { function: site(4), ...TIMER }],
  [
    'kmem:kmem_cache_free',
    { call_site: site(5), ptr: 0xffff888012345700n, name: 'vm_area_struct' },
  ],
  ['syscalls:sys_exit_write', { __syscall_nr: 1, ret: 64 }],
  ['irq:softirq_raise', { vec: 7 }],
  ['irq:softirq_entry', { vec: 7 }],
  ['sched:sched_migrate_task', { comm: 'worker', pid: 77, prio: 120, orig_cpu: 0, dest_cpu: 2 }],
  ['irq:softirq_exit', { vec: 7 }],
  [
    'kmem:kmem_cache_alloc',
    {
      call_site: site(6),
      ptr: 0xffff888012345800n,
      bytes_req: 64,
      bytes_alloc: 64,
      gfp_flags: 0x400cc0,
      node: -1,
    },
  ],
  [
    'syscalls:sys_enter_openat',
    { __syscall_nr: 257, dfd: 0xffffff9c, filename: 0x7ffc00001000n, flags: 0x88000 },
  ],
  ['kmem:kmem_cache_free', { call_site: site(7), ptr: 0xffff888012345800n, name: 'filp' }],
  ['syscalls:sys_exit_openat', { __syscall_nr: 257, ret: 3 }],
  ['kmem:mm_page_free', { pfn: 123_456, order: 0 }],
  [
    'timer:hrtimer_expire_entry',
    { hrtimer: 0xffff888012340000n, function: site(8), now: 1_000_000_000n },
  ],
  ['timer:hrtimer_expire_exit', { hrtimer: 0xffff888012340000n }],
  [
    'timer:timer_start',
    {
      timer: 0xffff888012341000n,
      function: site(9),
      expires: 4_294_900_000,
      now: 4_294_890_000,
      flags: 0x100000,
    },
  ],
  [
    'kmem:kmalloc',
    {
      call_site: site(10),
      ptr: 0xffff888012345900n,
      bytes_req: 512,
      bytes_alloc: 512,
      gfp_flags: 0xdc0,
      node: -1,
    },
  ],
  ['syscalls:sys_enter_futex', { __syscall_nr: 202, uaddr: 0x7f0000002000n, op: 128, val: 1 }],
  ['syscalls:sys_exit_futex', { __syscall_nr: 202, ret: 0 }],
  ['kmem:kfree', { call_site: site(11), ptr: 0xffff888012345900n }],
  ['tlb:tlb_flush', { reason: 1, pages: 1 }],
  ['syscalls:sys_enter_read', { __syscall_nr: 0, fd: 3, buf: 0x7f0000001000n, count: 4_096 }],
  ['workqueue:workqueue_execute_start', { work: 0xffff888012342000n, function: site(12) }],
  ['workqueue:workqueue_execute_end', { work: 0xffff888012342000n, function: site(12) }],
  [
    'sched:sched_switch',
    { prev_comm: 'bash', prev_pid: 9, next_comm: 'swapper/1', next_pid: 0, ...SWITCH },
  ],
];

const FENCE = { driver: 'bench', timeline: 'bench-ring' };
const DOMAIN: Readonly<Record<string, ScenarioFields>> = {
  'dma_fence:dma_fence_init': FENCE,
  'dma_fence:dma_fence_emit': FENCE,
  'dma_fence:dma_fence_enable_signal': FENCE,
  'dma_fence:dma_fence_signaled': FENCE,
  'dma_fence:dma_fence_destroy': FENCE,
  'svm:read_begin': { start: 0x7f1000000000n, last: 0x7f100000ffffn },
  'svm:read_begin_ret': { seq: 1 },
  'svm:hmm_range_fault': { seq: 1, start: 0x7f1000000000n, end: 0x7f1000010000n },
  'svm:hmm_range_fault_ret': { ret: 0 },
  'svm:inval_start': { start: 0x7f1000000000n, end: 0x7f1000010000n, flags: 1, event: 2 },
  'svm:drv_inval': { start: 0x7f1000000000n, end: 0x7f1000010000n, event: 2, seq: 3 },
  'svm:drv_inval_ret': { ret: 1 },
  'svm:inval_start_ret': { ret: 0 },
  'svm:inval_end': { start: 0x7f1000000000n, end: 0x7f1000010000n },
  'sched:sched_process_fork': { parent_comm: 'bench', child_comm: 'bench', parent_pid: PARENT },
  'svm:mm_release': {},
  'mmap:exit_mmap': { mm: KERNEL_POINTER, mt: KERNEL_POINTER },
  'sched:sched_process_exit': { comm: 'bench', prio: 120 },
};

function eventFormats(): { formats: ReadonlyMap<string, WriterFormat>; kallsyms: string } {
  const known = kernelFormats('6.12');
  const formats = new Map<string, WriterFormat>();
  const functions = new Map<string, string>();
  [...SVM_PROBES, ...DRIVER_PROBES].forEach((line, index) => {
    const made = probe(line, 6000 + index, 8);
    formats.set(`svm:${made.format.name}`, made.format);
    functions.set(made.function, made.module === undefined ? '' : `\t[${made.module}]`);
  });
  for (const type of [...BACKGROUND.map(([name]) => name), ...Object.keys(DOMAIN)]) {
    const format = formats.get(type) ?? known.get(type);
    if (!format) throw new Error(`no format of ${type}`);
    formats.set(type, format);
  }
  const probed = [...functions].map(([name, owner], index) => {
    const address = PROBE_ADDRESS + BigInt(index) * 0x1000n;
    return `${address.toString(16)} t ${name}${owner}\n`;
  });
  const others = Array.from({ length: SYMBOLS }, (_, index) => {
    const address = SYMBOLS_START + BigInt(index) * 0x40n;
    return `${address.toString(16)} t kernel_function_${index}\n`;
  });
  return { formats, kallsyms: [...probed, ...others].join('') };
}

/** One type of event, encoded once; the words that differ are patched into it. */
interface Template {
  readonly words: Int32Array;
  /** Word of each 4-byte field, and of the low half of each 8-byte field. */
  readonly place: Readonly<Record<string, number>>;
}

class CpuStream {
  /** File position behind the last page. */
  at: number;
  events = 0;
  readonly #file: number;
  readonly #cpu: number;
  readonly #pages = new DataView(new ArrayBuffer(WRITE_BYTES));
  readonly #words = new Int32Array(this.#pages.buffer);
  readonly #templates = new Map<string, Template>();
  readonly #background: Template[];
  #page = 0;
  #used = 0;
  #now = 0;
  #last = 0;
  #random: number;

  constructor(file: number, at: number, cpu: number, formats: ReadonlyMap<string, WriterFormat>) {
    this.#file = file;
    this.at = at;
    this.#cpu = cpu;
    this.#random = cpu + 1;
    this.#now = cpu * 137;
    const functions = [
      ...new Set([...SVM_PROBES, ...DRIVER_PROBES].map((line) => probe(line, 1, 8).function)),
    ];
    const make = (type: string, fields: ScenarioFields): Template => {
      const format = formats.get(type);
      if (!format) throw new Error(`no format of ${type}`);
      return template(format, { ...fields, ...probeAddress(format, functions) });
    };
    this.#background = BACKGROUND.map(([type, fields]) => make(type, fields));
    for (const [type, fields] of Object.entries(DOMAIN)) {
      this.#templates.set(type, make(type, fields));
    }
  }

  run(events: number): void {
    const pids = Array.from({ length: PROCESSES_PER_CPU }, (_, slot) => this.#pid(slot));
    let next = PROCESSES_PER_CPU;
    for (let round = 0; this.events < events; round++) {
      const slot = round % PROCESSES_PER_CPU;
      this.#domain(pids[slot] ?? 0, slot, Math.floor(round / PROCESSES_PER_CPU) + 1);
      if (round % ROUNDS_PER_PROCESS !== ROUNDS_PER_PROCESS - 1) continue;
      const dying = Math.floor(round / ROUNDS_PER_PROCESS) % PROCESSES_PER_CPU;
      pids[dying] = this.#replace(pids[dying] ?? 0, next++);
    }
    this.#flushPage();
    this.#write();
  }

  /** One process exits, another is born: the order of kernels before 6.16, where the mm goes first. */
  #replace(old: number, order: number): number {
    const mm = old * 0x400;
    this.#put('svm:mm_release', old, { mm });
    this.#put('mmap:exit_mmap', old, { mm, mt: mm + 0x40 });
    this.#put('sched:sched_process_exit', old, { pid: old });
    const born = this.#pid(order);
    this.#put('sched:sched_process_fork', PARENT, { child_pid: born });
    return born;
  }

  /** A fence's life, a range fault and an invalidation, spread over a round of background events. */
  #domain(pid: number, slot: number, seqno: number): void {
    const context = this.#cpu * 100 + slot + 1;
    const fence = { context, seqno };
    const mm = pid * 0x400;
    const mni = pid * 0x400 + 0x200;
    const step = (type: string, fields: Record<string, number> = {}): void => {
      this.#some(Math.ceil(BACKGROUND_PER_ROUND / 14));
      this.#put(type, pid, fields);
    };
    step('svm:read_begin', { mni });
    step('svm:read_begin_ret');
    step('svm:hmm_range_fault', { notifier: mni });
    step('svm:hmm_range_fault_ret');
    step('dma_fence:dma_fence_init', fence);
    step('dma_fence:dma_fence_emit', fence);
    step('svm:inval_start', { mm });
    step('svm:drv_inval', { mni, mm });
    step('dma_fence:dma_fence_enable_signal', fence);
    this.#put('dma_fence:dma_fence_signaled', 0, fence);
    step('svm:drv_inval_ret');
    step('svm:inval_start_ret');
    step('svm:inval_end', { mm });
    step('dma_fence:dma_fence_destroy', fence);
  }

  #some(count: number): void {
    for (let i = 0; i < count; i++) {
      const chosen = this.#background[this.events % this.#background.length];
      if (chosen) this.#event(chosen, FIRST_THREAD + (this.events % THREADS));
    }
  }

  #put(type: string, pid: number, fields: Record<string, number>): void {
    const made = this.#templates.get(type);
    if (!made) throw new Error(`no template of ${type}`);
    for (const [name, value] of Object.entries(fields)) {
      const word = made.place[name];
      if (word === undefined) throw new Error(`${type} has no ${name}`);
      made.words[word] = value;
    }
    this.#event(made, pid);
  }

  #event(made: Template, pid: number): void {
    const { words } = made;
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0;
    this.#now += 200 + (this.#random >>> 22);
    if (this.#used + 4 + words.length * 4 > PAGE_SIZE) this.#flushPage();
    if (this.#used === 0) this.#startPage();
    const at = (this.#page + this.#used) >> 2;
    this.#words[at] = words.length | ((this.#now - this.#last) << 5);
    words[1] = pid;
    for (let i = 0; i < words.length; i++) this.#words[at + 1 + i] = words[i] ?? 0;
    this.#last = this.#now;
    this.#used += 4 + words.length * 4;
    this.events++;
  }

  #startPage(): void {
    this.#pages.setBigUint64(this.#page, BASE + BigInt(this.#now), true);
    this.#last = this.#now;
    this.#used = PAGE_HEADER;
  }

  #flushPage(): void {
    if (this.#used === 0) return;
    this.#pages.setBigUint64(this.#page + 8, BigInt(this.#used - PAGE_HEADER), true);
    this.#page += PAGE_SIZE;
    this.#used = 0;
    if (this.#page === WRITE_BYTES) this.#write();
  }

  #write(): void {
    writeSync(this.#file, this.#pages, 0, this.#page, this.at);
    this.at += this.#page;
    this.#page = 0;
  }

  #pid(order: number): number {
    return 2000 + this.#cpu + order * CPUS;
  }
}

function template(format: WriterFormat, fields: ScenarioFields): Template {
  const payload = encodeEvent(format, fields, { tid: 0 }, true);
  const padded = new Uint8Array(Math.ceil(payload.length / 4) * 4);
  padded.set(payload);
  const place = Object.fromEntries(format.fields.map((field) => [field.name, field.offset >> 2]));
  return { words: new Int32Array(padded.buffer), place };
}

function probeAddress(format: WriterFormat, functions: readonly string[]): ScenarioFields {
  if (format.system !== 'svm') return {};
  const line = [...SVM_PROBES, ...DRIVER_PROBES].find((text) => text.includes(`/${format.name} `));
  const made = probe(line ?? '', 1, 8);
  const ip = PROBE_ADDRESS + BigInt(functions.indexOf(made.function)) * 0x1000n + 4n;
  const pointers = Object.fromEntries(
    ['mm', 'mni', 'notifier']
      .filter((name) => format.fields.some((field) => field.name === name))
      .map((name) => [name, KERNEL_POINTER]),
  );
  return made.isReturn
    ? { ...pointers, __probe_func: ip, __probe_ret_ip: ip }
    : { ...pointers, __probe_ip: ip };
}
