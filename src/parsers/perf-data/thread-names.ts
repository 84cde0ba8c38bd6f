/** What a record says of a thread's name from its time on. */
export type ThreadChange =
  | { readonly kind: 'comm'; readonly tid: number; readonly comm: string }
  | { readonly kind: 'fork'; readonly tid: number; readonly parent: number };

/** perf's own name of the idle threads, which have no COMM record (perf_session__register_idle_thread). */
const IDLE = 'swapper';

/** The names of the threads at the moment the reader has reached. */
export class ThreadNames {
  readonly #names = new Map<number, string>([[0, IDLE]]);

  of(tid: number): string | undefined {
    return this.#names.get(tid);
  }

  /** Whether the change gives a known thread another name. */
  renames(change: ThreadChange): boolean {
    const old = this.#names.get(change.tid);
    return old !== undefined && old !== this.#newName(change);
  }

  apply(change: ThreadChange): void {
    const name = this.#newName(change);
    if (name !== undefined) this.#names.set(change.tid, name);
  }

  #newName(change: ThreadChange): string | undefined {
    return change.kind === 'comm' ? change.comm : this.#names.get(change.parent);
  }
}
