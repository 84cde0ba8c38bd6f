import { type Mapping, Mappings } from './mappings.ts';

/** What a record says of a thread or its process from its time on. */
export type ThreadChange =
  | {
      readonly kind: 'comm';
      readonly tid: number;
      readonly comm: string;
    }
  | {
      readonly kind: 'fork';
      readonly tid: number;
      readonly process: number;
      readonly parent: number;
      readonly parentProcess: number;
    }
  | { readonly kind: 'map'; readonly process: number; readonly mapping: Mapping };

/** perf's own name of the idle threads, which have no COMM record (perf_session__register_idle_thread). */
const IDLE = 'swapper';

/** The names of the threads, and what they have mapped, at the moment the reader has reached. */
export class ThreadNames {
  readonly mappings: Mappings = new Mappings();
  readonly #names = new Map<number, string>([[0, IDLE]]);

  of(tid: number): string | undefined {
    return this.#names.get(tid);
  }

  /** Whether the change makes another answer of one that could be given before it. */
  alters(change: ThreadChange): boolean {
    return change.kind === 'map' || this.#names.get(change.tid) !== this.#newName(change);
  }

  apply(change: ThreadChange): void {
    if (change.kind === 'map') {
      this.mappings.add(change.process, change.mapping);
      return;
    }
    if (change.kind === 'fork') {
      this.mappings.forked(change.tid, change.process, change.parentProcess);
    }
    const name = this.#newName(change);
    if (name !== undefined) this.#names.set(change.tid, name);
  }

  #newName(change: Exclude<ThreadChange, { kind: 'map' }>): string | undefined {
    return change.kind === 'comm' ? change.comm : this.#names.get(change.parent);
  }
}
