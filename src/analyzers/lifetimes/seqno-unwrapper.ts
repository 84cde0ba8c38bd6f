import { RecentKeys } from './recent-keys.ts';

const WRAP = 0x100000000;
/** Contexts remembered; one that was silent for so many others starts again. */
const CONTEXTS_MOST = 65536;

/**
 * Continues the 32-bit seqno of the tracepoints over its wrap: within a context the next value is
 * the one nearest to the last, as dma_fence_is_later() compares them, `(int)(a - b)`.
 */
export class SeqnoUnwrapper {
  readonly #last = new RecentKeys<number>(CONTEXTS_MOST);

  unwrap(context: number, seqno: number): number {
    const last = this.#last.get(context);
    if (last === undefined) {
      this.#last.set(context, seqno);
      return seqno;
    }
    const step = (seqno - last) | 0;
    const next = last + step;
    // a seqno from before the first one seen, or numbers the user chose
    const unwrapped = next < 0 ? seqno : next;
    if (unwrapped > last) this.#last.set(context, unwrapped);
    return unwrapped % WRAP === seqno ? unwrapped : seqno;
  }
}
