import type { Word } from '../../kernel/occurrence.ts';

/**
 * A map that forgets what was set long ago once it holds too much. Two maps take turns: dropping
 * the oldest entry of one Map at a time would have to step over all the entries dropped before.
 */
export class RecentKeys<V extends NonNullable<unknown>> {
  readonly #most: number;
  #young = new Map<Word | string, V>();
  #old = new Map<Word | string, V>();

  /** Remembers at least half of `most` keys, and never more than `most`. */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: Word | string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  has(key: Word | string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  set(key: Word | string, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size * 2 < this.#most) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
