import { low32 } from '../../kernel/arguments.ts';
import type { Word } from '../../kernel/occurrence.ts';

/** What the index needs to know of a fence. */
export interface Fenced {
  /** As recorded by tracepoints: 32 bits each. */
  readonly context: number;
  readonly seqno: number;
  signaled: { readonly ts: number; readonly event: number } | undefined;
  destroyed: { readonly ts: number; readonly event: number } | undefined;
  ambiguous: boolean;
}

/** Fences that are alive, by (context, seqno), oldest first where several share the pair. */
export class FenceIndex<F extends Fenced> {
  readonly #alive = new Map<Word, F[]>();

  /** How many keys are alive. */
  get size(): number {
    return this.#alive.size;
  }

  *[Symbol.iterator](): Generator<F> {
    for (const list of this.#alive.values()) yield* list;
  }

  withKey(context: number, seqno: number): readonly F[] {
    return this.#alive.get(keyOf(context, seqno)) ?? NONE;
  }

  /** The one fence of that name an event not of its end can be about; probes give all 64 bits. */
  current(context: Word, seqno: Word): F | undefined {
    const alive = this.#alive.get(keyOf(low32(context), low32(seqno)));
    if (!alive) return undefined;
    return alive.find((fence) => !fence.signaled && !fence.destroyed) ?? alive.at(-1);
  }

  add(fence: F): void {
    const key = keyOf(fence.context, fence.seqno);
    const alive = this.#alive.get(key);
    if (!alive) {
      this.#alive.set(key, [fence]);
      return;
    }
    alive.push(fence);
  }

  /** False when it was not there. */
  remove(fence: F): boolean {
    const key = keyOf(fence.context, fence.seqno);
    const alive = this.#alive.get(key);
    const place = alive?.indexOf(fence) ?? -1;
    if (!alive || place < 0) return false;
    alive.splice(place, 1);
    if (alive.length === 0) this.#alive.delete(key);
    return true;
  }
}

const NONE: readonly never[] = [];

/** One Map key of two 32-bit numbers: a plain number while the pair fits into 53 bits. */
export function keyOf(context: number, seqno: number): Word {
  const SAFE_CONTEXTS = 0x200000;
  if (context < SAFE_CONTEXTS) return context * 0x100000000 + seqno;
  return (BigInt(context) << 32n) | BigInt(seqno);
}
