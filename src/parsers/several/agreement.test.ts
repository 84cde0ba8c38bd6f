import { describe, expect, it } from 'vitest';
import { agreement } from './agreement.ts';

const MS = 1e6;

function texts(moments: Readonly<Record<string, readonly number[]>>): Map<string, number[]> {
  return new Map(Object.entries(moments).map(([text, list]) => [text, [...list]]));
}

/** `count` lines, 10 ms apart, each moved by `shift(n)`. */
function lines(count: number, shift: (n: number) => number): Map<string, number[]> {
  return texts(
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`line ${n}`, [n * 10 * MS + shift(n)]]),
    ),
  );
}

describe('agreement of what two inputs show', () => {
  it('is the median shift, with the spread around it', () => {
    const shifts = [-100, 0, 50];
    const found = agreement(
      lines(3, (n) => 5 * MS + (shifts[n] ?? 0)),
      lines(3, () => 0),
    );
    expect(found).toEqual({ shift: 5 * MS, spread: 100, anchors: 3, shared: 3 });
  });

  it('is not moved by a minority that says something else', () => {
    const found = agreement(
      lines(10, (n) => (n < 3 ? 700 * MS * n : 5 * MS)),
      lines(10, () => 0),
    );
    expect(found).toMatchObject({ shift: 5 * MS, spread: 0, anchors: 7, shared: 10 });
  });

  it('is none where the times between the shared lines differ', () => {
    const found = agreement(
      lines(2, (n) => n * 3 * MS),
      lines(2, () => 0),
    );
    expect(found).toBe('contradiction');
  });

  it('believes a slow console only when many lines agree', () => {
    const slow = (n: number) => (n * 37 * MS) % (90 * MS);
    expect(
      agreement(
        lines(3, slow),
        lines(3, () => 0),
      ),
    ).toBe('contradiction');
    const found = agreement(
      lines(9, slow),
      lines(9, () => 0),
    );
    expect(found).toMatchObject({ anchors: 9 });
    expect(found).toHaveProperty(
      'spread',
      expect.toSatisfy((spread) => spread > 30 * MS),
    );
  });

  it('leaves out lines that occur more than once in one of them', () => {
    const first = texts({ once: [1 * MS], twice: [2 * MS, 3 * MS] });
    const second = texts({ once: [0], twice: [1 * MS] });
    expect(agreement(first, second)).toMatchObject({ shift: 1 * MS, anchors: 1, shared: 1 });
    expect(agreement(texts({ twice: [1, 2] }), texts({ twice: [1] }))).toBeUndefined();
  });
});
