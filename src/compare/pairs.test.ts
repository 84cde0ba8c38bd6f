import { describe, expect, it } from 'vitest';
import { recordedBuild, sideOf } from '../../test/regression-runs.ts';
import { compareRuns } from './compare.ts';
import type { Side } from './comparison.ts';
import { recordedInTurn } from './pairs.ts';
import type { Run } from './run.ts';
import { randomFrom, shuffled } from './statistics/random.ts';

const [k0, k1, la, la2, lb] = ['k0', 'k1', 'la', 'la2', 'lb'].map(recordedBuild) as [
  Side,
  Side,
  Side,
  Side,
  Side,
];

function changed({ label, runs }: Side, change: (run: Run, n: number) => Partial<Run>): Side {
  return sideOf(
    label,
    runs.map((run, n) => ({ ...run, ...change(run, n) })),
  );
}

describe('runs recorded in turn', () => {
  const inOrder = [0, 1, 2, 3, 4, 5].map((n) => [n, n]);

  it('are pairs, also with a third build between them, whichever of the two came first', () => {
    expect(recordedInTurn(k0, k1)).toEqual(inOrder);
    expect(recordedInTurn(la, la2)).toEqual(inOrder);
    expect(recordedInTurn(la2, la)).toEqual(inOrder);
    // B A A B is in turn as well
    const swapped = recordedInTurn(
      sideOf(
        'first',
        k0.runs.map((run, n) => (n === 2 ? (k1.runs[n] ?? run) : run)),
      ),
      sideOf(
        'second',
        k1.runs.map((run, n) => (n === 2 ? (k0.runs[n] ?? run) : run)),
      ),
    );
    expect(swapped).toEqual(inOrder);
  });

  it('by their time, not by the order of their files', () => {
    const mixed = sideOf('mixed', shuffled(k1.runs, randomFrom(3)));
    const pairs = recordedInTurn(k0, mixed) ?? [];
    expect(pairs.map(([, next]) => mixed.runs[next]?.path)).toEqual(
      k1.runs.map(({ path }) => path),
    );
    const { correlation, figures } = compareRuns(k0, mixed);
    expect(correlation).toBeCloseTo(compareRuns(k0, k1).correlation ?? 0, 9);
    expect(figures.map(({ id, verdict }) => [id, verdict])).toEqual(
      compareRuns(k0, k1).figures.map(({ id, verdict }) => [id, verdict]),
    );
  });

  it.each([
    [
      'one build after the other',
      k0,
      changed(k1, ({ startNs }) => ({ startNs: startNs + 3600e9 })),
    ],
    ['at the same time', la, changed(la, () => ({}))],
    ['not as many', k0, sideOf('fewer', k1.runs.slice(1))],
    ['other clocks', k0, changed(k1, () => ({ clock: { name: 'boot', unit: 'ns' } }))],
    [
      'a clock of ticks',
      changed(k0, () => ({ clock: { name: 'x86-tsc', unit: 'ticks' } })),
      changed(k1, () => ({ clock: { name: 'x86-tsc', unit: 'ticks' } })),
    ],
    // two kernels are two boots, and their clocks began anew
    ['another kernel', k0, changed(k1, () => ({ uname: 'Linux host 6.13.0 x86_64' }))],
    ['unknown kernels', changed(k0, () => ({ uname: null })), changed(k1, () => ({ uname: null }))],
  ] as [string, Side, Side][])('%s: no pairs', (_, base, next) => {
    expect(recordedInTurn(base, next)).toBeUndefined();
    expect(compareRuns(base, next)).toMatchObject({ pairs: null, correlation: null });
  });

  it('a clock that all boots share orders two kernels', () => {
    const clock = { name: 'tai', unit: 'ns' } as const;
    const base = changed(k0, () => ({ clock }));
    const next = changed(k1, () => ({ clock, uname: 'Linux host 6.13.0 x86_64' }));
    expect(recordedInTurn(base, next)).toEqual(inOrder);
  });
});

describe('pairs', () => {
  it('of which one run lacks a metric are left out of that metric', () => {
    const missing = changed(lb, ({ metrics }, n) => ({
      metrics: metrics.filter(({ name }) => n !== 0 || name !== 'fence-latency'),
    }));
    const five = (side: Side): Side => sideOf(side.label, side.runs.slice(1));
    const latency = (base: Side, next: Side): number | null | undefined =>
      compareRuns(base, next).figures.find(({ id }) => id === 'fence-latency p50')?.ratio;
    expect(latency(la, missing)).toBeCloseTo(latency(five(la), five(lb)) ?? 0, 9);
  });

  it('of fewer than ten metrics are told apart by their differences alone', () => {
    const few = (side: Side): Side =>
      changed(side, ({ metrics }) => ({
        metrics: metrics.filter(({ name }) => name === 'invalidation-duration'),
      }));
    const comparison = compareRuns(few(la), few(lb));
    expect(comparison).toMatchObject({ correlation: null, prior: null, family: 1 });
    expect(comparison.pairs).toHaveLength(6);
    // R 4.2.2: t.test(log(after), log(before), paired = TRUE) on the medians of the six runs
    expect(comparison.figures[0]?.p).toBeCloseTo(0.007422854750966506, 7);
  });

  it('metrics nobody asked for still say how noisy runs are', () => {
    const asked = compareRuns(la, lb, { metrics: ['invalidation-duration'] });
    const all = compareRuns(la, lb);
    expect(asked.figures.map(({ metric }) => metric)).toEqual(['invalidation-duration']);
    expect([asked.prior, asked.correlation]).toEqual([all.prior, all.correlation]);
    expect(asked.figures[0]?.p).toBe(all.figures[0]?.p);
    expect(asked.figures[0]?.q).toBeLessThan(all.figures[0]?.q ?? 0);
  });
});
