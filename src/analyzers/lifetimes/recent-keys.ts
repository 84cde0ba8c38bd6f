import type { Word } from '../../kernel/occurrence.ts';

/** A map that forgets what was set longest ago once it holds too much. */
export class RecentKeys<V> {
  readonly #most: number;
  readonly #values = new Map<Word, V>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: Word): V | undefined {
    return this.#values.get(key);
  }

  has(key: Word): boolean {
    return this.#values.has(key);
  }

  set(key: Word, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#most) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}
