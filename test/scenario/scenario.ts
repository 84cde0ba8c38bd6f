/**
 * Makes captures of things no machine at hand can record: any sequence of events, written as a
 * trace.dat that trace-cmd and svm-trace read.
 *
 * ```ts
 * const path = scenario({ kernel: '6.12', probes: [...SVM_PROBES, ...DRIVER_PROBES] })
 *   .at(1_000_000, { cpu: 0, tid: 100, comm: 'app' })     // ns since the scenario's base, who runs
 *   .fence('init', 7, 1)                                  // context 7, seqno 1, timeline ring0
 *   .after(50_000).fence('emit', 7, 1)                    // 50 µs later, same task
 *   .after(1_000).event('mmap:exit_mmap', { mm: 0xffff888001234000n })
 *   .by({ cpu: 1, tid: 0, comm: 'swapper/1' }).after(2_000_000).fence('signaled', 7, 1)
 *   .probe('inval_start', { mm, start, end, event: 2 })   // entry of a probe of `probes`, by its event name
 *   .after(20_000_000).probe('inval_start_ret', { ret: 0 })
 *   .loss(1, 500)                                         // 500 events lost on CPU 1 here; null = uncounted
 *   .file();                                              // writes a temporary file, or .write(path), .bytes()
 * ```
 *
 * - `event('system:name', fields)`: any event of fixtures/formats/<kernel> or of `formats`. Fields left
 *   out are 0 or empty, unknown fields throw. Values: numbers, bigints, booleans, strings (char arrays
 *   and `__data_loc`/`__rel_loc char[]`), byte and number arrays.
 * - `enable: ['dma_fence:*']`: event types the header lists although they do not fire. The types that
 *   fire and all probes are always listed.
 * - `function(name, parent)`, `graphEntry(name, depth)`, `graphExit(name, depth, calltime, ret?)`:
 *   records of the function tracers; functions get kallsyms entries as they are named.
 * - `fork`, `exec`, `exit`, `sysEnter`, `sysExit`: the usual task and system-call events by short names.
 * - `invalidate({ mm, start, end, event, mni, takes })`: a whole invalidation with the driver's callback.
 * - `inBuffer('gpu')` puts what follows into that instance; `absolute()`, `discarded(bytes)` and
 *   `newPage()` shape the ring buffer of the current CPU.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../scratch.ts';
import { encodeEvent, type ScenarioFields } from './encode-event.ts';
import { type Kernel, kernelFormats, type WriterFormat } from './kernel-formats.ts';
import { type Probe, probe } from './probes.ts';
import { encodePages, type PageItem } from './ring-buffer-writer.ts';
import { type TimeShift, type Tsc2Nsec, timeShiftOption, tsc2NsecOption } from './time-options.ts';
import { type Compression, encodeTraceDat, type RawOption } from './trace-dat-writer.ts';

export { DRIVER_PROBES, SVM_PROBES } from './probes.ts';
export type { Compression, Kernel, RawOption, ScenarioFields };

export interface ScenarioOptions {
  /** Whose format files are used; 6.12 when absent. */
  readonly kernel?: Kernel;
  /** Lines of kprobe_events or dynamic_events; all are listed as enabled. */
  readonly probes?: readonly string[];
  /** Event types listed in the header though nothing of them fires; `system:*` for all of a system. */
  readonly enable?: readonly string[];
  /** Formats beyond the committed ones, or instead of them. */
  readonly formats?: readonly WriterFormat[];
  readonly version?: 6 | 7;
  readonly compression?: Compression;
  readonly endian?: 'little' | 'big';
  readonly longSize?: 4 | 8;
  readonly pageSize?: number;
  readonly clock?: string;
  /** CPUs of the machine; one more than the highest used when absent. */
  readonly cpus?: number;
  /** Absolute time stamp of `at(0)`. */
  readonly base?: bigint;
  readonly uname?: string;
  /** trace_printk formats, as tracefs' printk_formats. */
  readonly printk?: string;
  /** The recorder's conversion of TSC cycles; with clock `x86-tsc`. */
  readonly tsc2nsec?: Tsc2Nsec;
  /** A guest's clock against its host's. */
  readonly timeShift?: TimeShift;
  /** Leave the names of threads out of the saved command lines. */
  readonly noCmdlines?: boolean;
  readonly options?: readonly RawOption[];
}

export interface Who {
  readonly cpu?: number;
  readonly tid?: number;
  readonly comm?: string;
  /** common_flags of the events. */
  readonly flags?: number;
  readonly preemptCount?: number;
}

export type FenceEvent =
  | 'init'
  | 'emit'
  | 'enable_signal'
  | 'signaled'
  | 'destroy'
  | 'wait_start'
  | 'wait_end';

export function scenario(options: ScenarioOptions = {}): Scenario {
  return new Scenario(options);
}

/** One `__mmu_notifier_invalidate_range_start` … `_end`, with the driver's callback inside. */
export interface Invalidation {
  readonly mm: number | bigint;
  readonly start: number | bigint;
  readonly end: number | bigint;
  /** enum mmu_notifier_event; 0 (UNMAP) when absent. */
  readonly event?: number;
  /** bit 0: the caller may sleep; 1 when absent. */
  readonly flags?: number;
  /** The notifier whose callback runs; none when absent. */
  readonly mni?: number | bigint;
  /** How long the callback (or the whole call, without one) takes. */
  readonly takes: number;
  /** Return value; a refused one (-11) has no end. */
  readonly ret?: number;
}

/** Every event as it was put, for tests that compare what a reader gives back. */
export interface WrittenEvent {
  readonly ts: bigint;
  readonly cpu: number;
  readonly tid: number;
  readonly type: string;
  readonly fields: ScenarioFields;
  readonly buffer: string;
}

const FIRST_PROBE_ID = 6000;
const KERNEL_TEXT = 0xffffffff81000000n;
const MODULE_TEXT = 0xffffffffc0400000n;
const FUNCTION_SPACING = 0x1000n;
/** kprobes on a function's entry sit behind its endbr64 (CONFIG_X86_KERNEL_IBT). */
const ENTRY_OFFSET = 4n;

export class Scenario {
  readonly events: WrittenEvent[] = [];
  readonly #options: ScenarioOptions;
  readonly #formats: ReadonlyMap<string, WriterFormat>;
  readonly #probes = new Map<string, Probe>();
  readonly #enabled = new Map<string, WriterFormat>();
  readonly #symbols = new Map<string, { address: bigint; module: string | undefined }>();
  readonly #comms = new Map<number, string>();
  readonly #items: { buffer: string; cpu: number; ts: bigint; item: PageItem }[] = [];
  readonly #base: bigint;
  #now = 0n;
  #buffer = '';
  #who: Required<Who> = { cpu: 0, tid: 1, comm: 'init', flags: 0, preemptCount: 0 };

  constructor(options: ScenarioOptions) {
    this.#options = options;
    this.#base = options.base ?? 1_000_000_000_000n;
    const formats = new Map(kernelFormats(options.kernel ?? '6.12'));
    for (const format of options.formats ?? []) {
      formats.set(`${format.system}:${format.name}`, format);
    }
    this.#formats = formats;
    (options.probes ?? []).forEach((line, index) => {
      const made = probe(line, FIRST_PROBE_ID + index, options.longSize ?? 8);
      this.#probes.set(made.format.name, made);
      this.#enabled.set(`${made.format.system}:${made.format.name}`, made.format);
      this.symbol(made.function, made.module);
    });
    for (const pattern of options.enable ?? []) this.#enable(pattern);
  }

  /** Sets the time, ns since the base, and who runs; what is left out of `who` stays. */
  at(ts: number | bigint, who: Who = {}): this {
    this.#now = BigInt(ts);
    return this.by(who);
  }

  /** Moves the time on. */
  after(ns: number | bigint): this {
    this.#now += BigInt(ns);
    return this;
  }

  by(who: Who): this {
    this.#who = { ...this.#who, ...who };
    this.#comms.set(this.#who.tid, this.#who.comm);
    return this;
  }

  /** Events from here on go to this instance; '' is the top buffer. */
  inBuffer(name: string): this {
    this.#buffer = name;
    return this;
  }

  event(type: string, fields: ScenarioFields = {}): this {
    const format = this.#enabled.get(type) ?? this.#formats.get(type);
    if (!format) throw new Error(`no format of ${type} for this kernel`);
    this.#enabled.set(type, format);
    const littleEndian = this.#options.endian !== 'big';
    const { cpu, tid } = this.#who;
    const ts = this.#base + this.#now;
    const payload = encodeEvent(format, fields, this.#who, littleEndian);
    this.#item({ kind: 'event', ts, payload });
    this.events.push({ ts, cpu, tid, type, fields, buffer: this.#buffer });
    return this;
  }

  /** A probe's event by its name; the probed address is filled in. */
  probe(name: string, args: ScenarioFields = {}, caller = 'sl_ioctl'): this {
    const known = this.#probes.get(name);
    if (!known) throw new Error(`no probe ${name}; give its definition in options.probes`);
    const ip = this.symbol(known.function, known.module) + ENTRY_OFFSET;
    const type = `${known.format.system}:${name}`;
    return known.isReturn
      ? this.event(type, { __probe_func: ip, __probe_ret_ip: this.symbol(caller) + 0x40n, ...args })
      : this.event(type, { __probe_ip: ip, ...args });
  }

  fence(
    what: FenceEvent,
    context: number,
    seqno: number,
    names: { driver?: string; timeline?: string } = {},
  ): this {
    const { driver = 'test', timeline = 'ring0' } = names;
    return this.event(`dma_fence:dma_fence_${what}`, { driver, timeline, context, seqno });
  }

  /** The current task forks; both kinds of comm field (char[16] and `__data_loc`) are filled. */
  fork(child: number, childComm: string = this.#who.comm): this {
    this.#comms.set(child, childComm);
    return this.event('sched:sched_process_fork', {
      parent_comm: this.#who.comm,
      parent_pid: this.#who.tid,
      child_comm: childComm,
      child_pid: child,
    });
  }

  exec(filename: string, oldTid: number = this.#who.tid): this {
    const pid = this.#who.tid;
    return this.event('sched:sched_process_exec', { filename, pid, old_pid: oldTid });
  }

  /** The current task exits; `groupDead` only where the kernel's format has it (6.16 and later). */
  exit(groupDead?: boolean): this {
    const fields = { comm: this.#who.comm, pid: this.#who.tid, prio: 120 };
    return this.event(
      'sched:sched_process_exit',
      groupDead === undefined ? fields : { ...fields, group_dead: groupDead },
    );
  }

  sysEnter(name: string, args: ScenarioFields = {}): this {
    return this.event(`syscalls:sys_enter_${name}`, args);
  }

  sysExit(name: string, ret: number | bigint = 0): this {
    return this.event(`syscalls:sys_exit_${name}`, { ret });
  }

  /** An invalidation by the current task, through SVM_PROBES and DRIVER_PROBES; time moves on by `takes`. */
  invalidate(what: Invalidation): this {
    const { mm, start, end, event = 0, flags = 1, mni, takes, ret = 0 } = what;
    this.probe('inval_start', { mm, start, end, event, flags });
    if (mni === undefined) this.after(takes);
    else {
      this.probe('drv_inval', { mni, mm, start, end, event, seq: 3 });
      this.after(takes).probe('drv_inval_ret', { ret: ret === 0 ? 1 : 0 });
    }
    this.probe('inval_start_ret', { ret });
    return ret === 0 ? this.probe('inval_end', { mm, start, end }) : this;
  }

  function(name: string, parent: string, module?: string): this {
    return this.event('ftrace:function', {
      ip: this.symbol(name, module),
      parent_ip: this.symbol(parent),
    });
  }

  graphEntry(name: string, depth: number, module?: string): this {
    return this.event('ftrace:funcgraph_entry', { func: this.symbol(name, module), depth });
  }

  /** The exit record carries both its times; `calltime` is ns since the base, like `at`. */
  graphExit(
    name: string,
    depth: number,
    calltime: number | bigint,
    more: ScenarioFields = {},
    module?: string,
  ): this {
    return this.event('ftrace:funcgraph_exit', {
      func: this.symbol(name, module),
      depth,
      calltime: this.#base + BigInt(calltime),
      rettime: this.#base + this.#now,
      ...more,
    });
  }

  /** Events were lost on a CPU between its last event and its next one; null = nobody counted. */
  loss(cpu: number, events: number | null): this {
    return this.#item({ kind: 'loss', events }, cpu);
  }

  /** The next event of the current CPU carries an absolute time stamp. */
  absolute(): this {
    return this.#item({ kind: 'absolute' });
  }

  /** The kernel reserved an event here and discarded it. */
  discarded(bytes: number): this {
    return this.#item({ kind: 'discarded', ts: this.#base + this.#now, bytes });
  }

  newPage(cpu: number = this.#who.cpu): this {
    return this.#item({ kind: 'page' }, cpu);
  }

  /** Address of a function; it gets one, and a kallsyms entry, when first named. */
  symbol(name: string, module?: string): bigint {
    const known = this.#symbols.get(name);
    if (known) return known.address;
    const order = BigInt(this.#symbols.size + 1);
    const address = (module === undefined ? KERNEL_TEXT : MODULE_TEXT) + order * FUNCTION_SPACING;
    this.#symbols.set(name, { address, module });
    return address;
  }

  bytes(): Uint8Array {
    const { options, longSize } = { options: this.#options, longSize: this.#options.longSize ?? 8 };
    const littleEndian = options.endian !== 'big';
    const pageSize = options.pageSize ?? 4096;
    const clock = options.clock ?? 'mono';
    const names = new Set(['', ...this.#items.map((entry) => entry.buffer)]);
    const layout = { littleEndian, longSize, pageSize } as const;
    const buffers = [...names].map((name) => ({
      name,
      clock,
      pageSize,
      cpus: this.#cpusOf(name).map((cpu) => ({
        cpu,
        pages: encodePages(this.#itemsOf(name, cpu), layout),
      })),
    }));
    const highest = Math.max(0, ...this.#items.map((entry) => entry.cpu));
    return encodeTraceDat({
      version: options.version ?? 7,
      compression: options.compression ?? 'none',
      littleEndian,
      longSize,
      pageSize,
      clock,
      cpuCount: options.cpus ?? highest + 1,
      uname: options.uname ?? `Linux scenario ${options.kernel ?? '6.12'}.0 x86_64`,
      formats: [...this.#ftraceFormats(), ...this.#enabled.values()],
      kallsyms: this.#kallsyms(),
      printk: options.printk ?? '',
      cmdlines: this.#cmdlines(),
      buffers,
      options: [
        ...(options.tsc2nsec ? [tsc2NsecOption(options.tsc2nsec, littleEndian)] : []),
        ...(options.timeShift ? [timeShiftOption(options.timeShift, littleEndian)] : []),
        ...(options.options ?? []),
      ],
    });
  }

  /** Writes the capture; gives the path back. */
  write(path: string): string {
    writeFileSync(path, this.bytes());
    return path;
  }

  /** Writes the capture into a new temporary folder; gives its path. */
  file(name = 'scenario.dat'): string {
    return this.write(join(scratch('scenario'), name));
  }

  #item(item: PageItem, cpu: number = this.#who.cpu): this {
    this.#items.push({ buffer: this.#buffer, cpu, ts: this.#base + this.#now, item });
    return this;
  }

  #cpusOf(buffer: string): number[] {
    const cpus = this.#items.filter((entry) => entry.buffer === buffer).map((entry) => entry.cpu);
    return [...new Set(cpus)].sort((a, b) => a - b);
  }

  /** In time order; what was put at one time stays in the order it was put. */
  #itemsOf(buffer: string, cpu: number): PageItem[] {
    return this.#items
      .filter((entry) => entry.buffer === buffer && entry.cpu === cpu)
      .sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0))
      .map((entry) => entry.item);
  }

  #enable(pattern: string): void {
    const [system, name] = pattern.split(':');
    let found = false;
    for (const [type, format] of this.#formats) {
      if (format.system !== system || (name !== '*' && name !== format.name)) continue;
      this.#enabled.set(type, format);
      found = true;
    }
    if (!found) throw new Error(`nothing to enable for ${pattern}`);
  }

  /** trace-cmd stores the function tracers' own formats always. */
  #ftraceFormats(): WriterFormat[] {
    return [...this.#formats].flatMap(([type, format]) =>
      format.system === 'ftrace' && !this.#enabled.has(type) ? [format] : [],
    );
  }

  #kallsyms(): string {
    return [...this.#symbols]
      .sort(([, a], [, b]) => (a.address < b.address ? -1 : 1))
      .map(([name, { address, module }]) => {
        const owner = module === undefined ? '' : `\t[${module}]`;
        return `${address.toString(16).padStart(16, '0')} t ${name}${owner}\n`;
      })
      .join('');
  }

  #cmdlines(): string {
    if (this.#options.noCmdlines) return '';
    return [...this.#comms]
      .filter(([tid]) => tid !== 0)
      .map(([tid, comm]) => `${tid} ${comm}\n`)
      .join('');
  }
}
