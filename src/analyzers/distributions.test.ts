import { expect, test } from 'vitest';
import { StoreReader } from '../store/reader.ts';
import { StoreWriter } from '../store/writer.ts';
import { buildDistributions } from './distributions.ts';
import { fenceTable } from './lifetimes/fence-tables.ts';
import { lifetimes } from './lifetimes/index.ts';

/** A store with fences of these latencies, each created 1 µs after the other. */
function storeOf(latencies: readonly (number | null)[]): StoreWriter {
  const tables = lifetimes.flatMap((lifetime) => lifetime.tables);
  const writer = new StoreWriter(undefined, [], tables);
  latencies.forEach((latency, n) => {
    writer.insert(fenceTable, {
      id: n + 1,
      context: 1,
      seqno: n,
      timeline: n % 2 === 0 ? 'even' : null,
      init_ts: n * 1000,
      signaled_ts: latency === null ? null : n * 1000 + latency,
    });
  });
  writer.loaded();
  return writer;
}

test('quantiles by nearest rank, of all values even when only a sample is shown', () => {
  const latencies = Array.from({ length: 5_000 }, (_, n) => ((n * 7) % 5_000) + 1);
  const writer = storeOf(latencies);
  const [fences] = buildDistributions(new StoreReader(writer.db));
  expect([fences?.name, fences?.count]).toEqual(['fence-latency', 5_000]);
  const at = new Map(fences?.quantiles.map(({ q, value }) => [q, value]));
  expect([at.get(0), at.get(0.5), at.get(0.99), at.get(1)]).toEqual([1, 2_500, 4_950, 5_000]);
  const values = fences?.points.map((point) => point.value) ?? [];
  expect(values).toHaveLength(2_000);
  expect([values[0], values.at(-1)]).toEqual([1, 5_000]);
  expect(values).toEqual([...values].sort((a, b) => a - b));
  writer.abort();
});

test('few values are all shown, with their series; what did not end is not measured', () => {
  const writer = storeOf([30, null, 10, 20]);
  const [fences] = buildDistributions(new StoreReader(writer.db));
  expect([fences?.count, fences?.unended]).toEqual([3, 1]);
  expect(fences?.points).toEqual([
    { ts: 2000, value: 10, series: 'even' },
    { ts: 3000, value: 20, series: 'unknown' },
    { ts: 0, value: 30, series: 'even' },
  ]);
  writer.abort();
});

test('kinds without objects have no distribution', () => {
  const writer = storeOf([]);
  expect(buildDistributions(new StoreReader(writer.db))).toEqual([]);
  writer.abort();
});
