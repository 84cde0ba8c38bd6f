import type { Problem } from '../parser.ts';

/** Collects what is damaged or unknown in a capture; equal problems are counted, not repeated. */
export class ProblemLog {
  readonly list: Problem[] = [];
  readonly #places = new Map<string, number>();

  /** `key` joins problems whose messages differ only in the place; the first message is kept. */
  add(
    code: string,
    severity: Problem['severity'],
    message: string,
    { count = 1, key = message }: { count?: number; key?: string } = {},
  ): void {
    const name = `${code} ${key}`;
    const place = this.#places.get(name);
    const known = place === undefined ? undefined : this.list[place];
    if (place === undefined || known === undefined) {
      this.#places.set(name, this.list.push({ code, severity, message, count }) - 1);
    } else {
      this.list[place] = { ...known, count: known.count + count };
    }
  }
}
