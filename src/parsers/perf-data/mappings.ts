/** A file, or a module of the kernel, in an address space. */
export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly file: string;
}

/** Where perf files the mappings of the kernel itself. */
export const KERNEL = -1;

/** More executable mappings than any process has; bounds what a just-in-time compiler can cause. */
const MOST_OF_A_PROCESS = 8192;

/** Which files the processes have mapped at the moment the reader has reached. */
export class Mappings {
  readonly #ofProcess = new Map<number, readonly Mapping[]>();
  readonly #processOf = new Map<number, number>();

  add(process: number, mapping: Mapping): void {
    const known = this.#ofProcess.get(process) ?? [];
    this.#ofProcess.set(process, [...known.slice(-MOST_OF_A_PROCESS), mapping]);
  }

  /** A thread, or a process with what its parent has mapped. */
  forked(tid: number, process: number, parent: number): void {
    this.#processOf.set(tid, process);
    if (process === parent) return;
    const inherited = this.#ofProcess.get(parent);
    if (inherited) this.#ofProcess.set(process, inherited);
    else this.#ofProcess.delete(process);
  }

  /** The newest mapping wins: nothing tells what it replaced, nor what an exec left behind. */
  userFile(tid: number, address: bigint): string | undefined {
    return this.#fileOf(this.#processOf.get(tid) ?? tid, address);
  }

  kernelFile(address: bigint): string | undefined {
    return this.#fileOf(KERNEL, address);
  }

  #fileOf(process: number, address: bigint): string | undefined {
    const mappings = this.#ofProcess.get(process) ?? [];
    return mappings.findLast(({ start, end }) => address >= start && address < end)?.file;
  }
}
