import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventQueue } from './event-queue.ts';

/** Ring buffers copied one after the other: runs that are each in order. */
const runs = fc.array(
  fc
    .array(fc.integer({ min: -50, max: 50 }), { maxLength: 40 })
    .map((run) => run.sort((a, b) => a - b)),
  { maxLength: 12 },
);

/** The columns are others once the queue has grown. */
function put(queue: EventQueue, time: number, n: number): void {
  const row = queue.add(time, 10);
  queue.columns.cpu[row] = n;
}

it('hands out entries in the order of time, those of equal time as they came, whatever is left over', () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: -60, max: 60 }), (given, limit) => {
      const queue = new EventQueue();
      const wanted: { time: number; n: number }[] = [];
      const used: { time: number; n: number }[] = [];
      const drain = (until: number) => {
        queue.sort();
        let at = 0;
        for (; at < queue.length && queue.timeAt(at) <= until; at++) {
          const row = queue.order[at] as number;
          used.push({ time: queue.timeAt(at), n: queue.columns.cpu[row] as number });
        }
        queue.taken(at);
        queue.compact();
      };
      for (const time of given.flat()) {
        const n = wanted.push({ time, n: wanted.length }) - 1;
        put(queue, time, n);
      }
      drain(limit);
      const early = used.length;
      expect(queue.length).toBe(wanted.length - early);
      // later arrivals, none earlier than what was handed out
      for (const time of [limit + 1, limit + 3, limit + 2]) {
        const n = wanted.push({ time, n: wanted.length }) - 1;
        put(queue, time, n);
      }
      drain(Number.POSITIVE_INFINITY);
      expect(used).toEqual(wanted.sort((a, b) => a.time - b.time || a.n - b.n));
      expect(queue.bytes).toBe(0);
    }),
  );
});

it('grows beyond its first size', () => {
  const queue = new EventQueue();
  for (let n = 0; n < 20_000; n++) put(queue, 20_000 - n, n);
  queue.sort();
  const order = Array.from(
    { length: 20_000 },
    (_, n) => queue.columns.cpu[queue.order[n] as number],
  );
  expect(order).toEqual(Array.from({ length: 20_000 }, (_, n) => 19_999 - n));
});
