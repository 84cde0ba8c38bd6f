import { cpuOf, type LogRecord } from './log-record.ts';

/** Records of several CPUs may stand in another order than their times. */
const DISORDER_US = 1_000_000;
/** The first lines of a boot, some of them ahead of `Linux version`. */
const FIRST_US = 1_000_000;
const FIRST_RECORDS = 8;
/** Damage can make a boot of every line. */
const MOST_BOOTS = 256;
/** Lines in disorder are of one of the last boots. */
const MOST_COMPARED = 8;
/** Between boots nothing tells the distance of. */
const GAP_US = 1_000_000;
/** Steps of the wall clock within one boot. */
const SAME_US = 2_000_000;

export const VERSION_TEXT = 'Linux version ';

/** One boot of the kernel, as far as the log shows it. Times in µs, NaN where unknown. */
export class Boot {
  readonly index: number;
  id: string | undefined = undefined;
  records = 0;
  hasVersion = false;
  readonly cpus: Set<number> = new Set();
  lastCpu = 0;
  kernelFirst: number = Number.NaN;
  kernelLast: number = Number.NaN;
  wallFirst: number = Number.NaN;
  wallLast: number = Number.NaN;
  /** What the wall clock showed at kernel time 0; a record is never written down ahead of its time. */
  offset: number = Number.NaN;
  /** Where its first record stands in the time of the capture. */
  start = 0;
  /** Of its last record. */
  kernelNow: number = Number.NaN;
  /** Records that stand behind later ones. */
  disorder = 0;
  #withoutKernel = 0;
  #withoutWall = 0;
  wallNow: number = Number.NaN;

  constructor(index: number) {
    this.index = index;
  }

  get hasKernelTime(): boolean {
    return !Number.isNaN(this.kernelFirst);
  }

  /** Records whose time is not told. */
  get timeless(): number {
    return this.hasKernelTime ? this.#withoutKernel : this.#withoutWall;
  }

  /** µs from its first to its last record. */
  get length(): number {
    const length = this.hasKernelTime
      ? this.kernelLast - this.kernelFirst
      : this.wallLast - this.wallFirst;
    return Number.isNaN(length) ? 0 : length;
  }

  /** What the wall clock showed at the first record. */
  get wallStart(): number {
    return this.hasKernelTime ? this.offset + this.kernelFirst : this.wallFirst;
  }

  see({ kernel, wall, caller, msg }: LogRecord): void {
    const cpu = cpuOf(caller);
    if (cpu >= 0) this.cpus.add(cpu);
    if (cpu > this.lastCpu) this.lastCpu = cpu;
    this.records++;
    if (kernel < this.kernelNow || (Number.isNaN(kernel) && wall < this.wallNow)) this.disorder++;
    if (msg.startsWith(VERSION_TEXT)) this.hasVersion = true;
    if (Number.isNaN(kernel)) this.#withoutKernel++;
    else this.#seeKernel(kernel, wall);
    if (Number.isNaN(wall)) this.#withoutWall++;
    else this.#seeWall(wall);
  }

  #seeKernel(kernel: number, wall: number): void {
    this.kernelNow = kernel;
    if (!(kernel >= this.kernelFirst)) this.kernelFirst = kernel;
    if (!(kernel <= this.kernelLast)) this.kernelLast = kernel;
    if (!Number.isNaN(wall) && !(wall - kernel >= this.offset)) this.offset = wall - kernel;
  }

  #seeWall(wall: number): void {
    this.wallNow = wall;
    if (!(wall >= this.wallFirst)) this.wallFirst = wall;
    if (!(wall <= this.wallLast)) this.wallLast = wall;
  }
}

/** Tells the boots of a log apart; each pass over the log finds the same ones. */
export class BootTracker {
  readonly boots: Boot[] = [];
  readonly #isTurned: boolean;
  readonly #byId = new Map<string, Boot>();
  #current: Boot;
  #isOver = false;
  #nextId: string | undefined;

  /** @param isTurned the log was newest first: what names a boot stands behind it now */
  constructor(isTurned: boolean) {
    this.#isTurned = isTurned;
    this.#current = this.#add(undefined);
  }

  /** A line between two boots. */
  mark(id: string | undefined): void {
    if (this.#isTurned) this.#name(this.#current, id);
    else this.#nextId = id;
    this.#isOver = true;
  }

  /** The boot of the next record. */
  place(record: LogRecord): Boot {
    this.#current = this.#bootOf(record);
    this.#isOver = false;
    this.#nextId = undefined;
    this.#current.see(record);
    return this.#current;
  }

  #bootOf(record: LogRecord): Boot {
    const current = this.#current;
    const id = record.boot ?? this.#nextId;
    if (current.records === 0) {
      this.#name(current, id);
      return current;
    }
    if (id !== undefined) {
      if (id === current.id) return current;
      return this.#byId.get(id) ?? this.#add(id);
    }
    if (this.#isOver || isFirst(record, current)) return this.#add(undefined);
    return record.kernel < current.kernelNow - DISORDER_US ? this.#earlier(record) : current;
  }

  /** The kernel's time ran backwards. Where the wall clock did as well, the lines are in disorder. */
  #earlier(record: LogRecord): Boot {
    const { wallNow } = this.#current;
    const offset = record.wall - record.kernel;
    if (Number.isNaN(offset) || !(record.wall < wallNow)) return this.#add(undefined);
    const known = this.boots
      .slice(-MOST_COMPARED)
      .find((boot) => Math.abs(boot.offset - offset) <= SAME_US);
    return known ?? this.#add(undefined);
  }

  #add(id: string | undefined): Boot {
    const last = this.boots.at(-1);
    if (last && this.boots.length >= MOST_BOOTS) return last;
    const boot = new Boot(this.boots.length);
    this.#name(boot, id);
    this.boots.push(boot);
    return boot;
  }

  #name(boot: Boot, id: string | undefined): void {
    boot.id ??= id;
    if (boot.id !== undefined) this.#byId.set(boot.id, boot);
  }
}

/** A kernel says its version once, at its start. */
function isFirst({ msg }: LogRecord, { kernelNow, hasVersion, records }: Boot): boolean {
  if (!msg.startsWith(VERSION_TEXT)) return false;
  if (Number.isNaN(kernelNow)) return hasVersion || records > FIRST_RECORDS;
  return kernelNow > FIRST_US || (hasVersion && kernelNow > 0);
}

/** Puts boots one after another: as far apart as the wall clock says, or just behind each other. */
export function layOut(boots: readonly Boot[]): void {
  const isDated = boots.every((boot) => !Number.isNaN(boot.wallStart));
  const ordered = isDated ? [...boots].sort((a, b) => a.wallStart - b.wallStart) : boots;
  let end = Number.NaN;
  let dated: Boot | undefined;
  for (const boot of ordered) {
    const byWall = dated ? dated.start + boot.wallStart - dated.wallStart : Number.NaN;
    if (Number.isNaN(end)) boot.start = 0;
    else boot.start = byWall > end ? byWall : end + GAP_US;
    end = boot.start + boot.length;
    if (!Number.isNaN(boot.wallStart)) dated = boot;
  }
}
