import type { Problem } from './parser.ts';

/** A file that is damaged all over must not give a problem for each byte. */
const MOST_OF_A_CODE = 50;

/** Collects what is damaged or unknown in a capture; equal problems are counted, not repeated. */
export class ProblemLog {
  readonly list: Problem[] = [];
  readonly #places = new Map<string, number>();
  readonly #ofCode = new Map<string, number>();

  /** `key` joins problems whose messages differ only in the place; the first message is kept. */
  add(
    code: string,
    severity: Problem['severity'],
    message: string,
    { count = 1, key = message }: { count?: number; key?: string } = {},
  ): void {
    const known = this.#ofCode.get(code) ?? 0;
    const isMore = known >= MOST_OF_A_CODE && !this.#places.has(`${code} ${key}`);
    const name = isMore ? code : `${code} ${key}`;
    const place = this.#places.get(name);
    const earlier = place === undefined ? undefined : this.list[place];
    if (place !== undefined && earlier) {
      this.list[place] = { ...earlier, count: earlier.count + count };
      return;
    }
    const text = isMore ? `further problems like the ${MOST_OF_A_CODE} before` : message;
    this.#places.set(name, this.list.push({ code, severity, message: text, count }) - 1);
    this.#ofCode.set(code, known + 1);
  }
}
