/** Probed functions a thread is in, innermost last. Returns that were missed do not pile up. */
export interface Frame {
  readonly function: string;
}

/** Nothing nests deeper; older frames have lost their returns. */
const DEEPEST = 32;

export class CallStacks<F extends Frame> {
  readonly #stacks = new Map<number, F[]>();

  push(tid: number, frame: F): void {
    const stack = this.#stacks.get(tid);
    if (!stack) {
      this.#stacks.set(tid, [frame]);
      return;
    }
    stack.push(frame);
    if (stack.length > DEEPEST) stack.shift();
  }

  /** Takes the innermost frame of that function with all above it, whose returns were lost. */
  pop(tid: number, name: string): F | undefined {
    const stack = this.#stacks.get(tid);
    const place = stack?.findLastIndex((frame) => frame.function === name) ?? -1;
    const frame = stack?.[place];
    if (!stack || !frame) return undefined;
    stack.length = place;
    if (place === 0) this.#stacks.delete(tid);
    return frame;
  }

  /** Frames of the thread, outermost first. */
  of(tid: number): readonly F[] {
    return this.#stacks.get(tid) ?? [];
  }

  clear(tid: number): void {
    this.#stacks.delete(tid);
  }

  *all(): Generator<F> {
    for (const stack of this.#stacks.values()) yield* stack;
  }
}
