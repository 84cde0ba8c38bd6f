import type { LockName } from './waiting-occurrence.ts';

/** Who has asked for an mmap_lock to write, and has not released it. */
export class MmapWriters {
  readonly #writers = new Map<LockName, Set<number>>();

  has(mm: LockName): boolean {
    return this.#writers.has(mm);
  }

  begins(mm: LockName, tid: number): void {
    const writers = this.#writers.get(mm);
    if (writers) writers.add(tid);
    else this.#writers.set(mm, new Set([tid]));
  }

  ends(mm: LockName, tid: number): void {
    const writers = this.#writers.get(mm);
    if (writers?.delete(tid) && writers.size === 0) this.#writers.delete(mm);
  }
}
