/**
 * Five recordings, and the same five with every range fault half as long again: that is found, in
 * what is measured of range faults, and nothing else is.
 */
import { expect, it } from 'vitest';
import { quantilesOf } from '../src/analyzers/metrics/measure.ts';
import { compareRuns } from '../src/compare/compare.ts';
import { loadRuns } from '../src/compare/inputs.ts';
import { randomFrom } from '../src/compare/statistics/random.ts';
import { recordedBuild, sideOf } from './regression-runs.ts';
import { DRIVER_PROBES, SVM_PROBES, scenario } from './scenario/scenario.ts';

const FAULTS = 150;
const SLOT_NS = 40_000_000;
const MM = 0xffff888001234000n;
const MNI = 0xffff888005678000n;
const FIRST = 0x7f0000000000n;
const BYTES = 0x10000n;

/** Durations as a recorded run has them, drawn from its quantiles. */
function durationsOf(run: number, metric: string, random: () => number): () => number {
  const recorded = recordedBuild('la').runs[run]?.metrics.find(({ name }) => name === metric);
  const quantiles = recorded?.quantiles ?? quantilesOf([1]);
  return () => {
    const wanted = random();
    return quantiles.find(({ q }) => q >= wanted)?.value ?? 1;
  };
}

/** A recording made of the durations of a recorded one, its range faults `factor` times as long. */
function recording(run: number, factor: number): string {
  const random = randomFrom(100 + run);
  const [fault, invalidation, fence] = [
    durationsOf(run, 'range-fault-duration', random),
    durationsOf(run, 'invalidation-duration', random),
    durationsOf(run, 'fence-latency', random),
  ];
  const made = scenario({ kernel: '6.12', probes: [...SVM_PROBES, ...DRIVER_PROBES] });
  for (let n = 0; n < FAULTS; n += 1) {
    const slot = n * SLOT_NS + Math.round(random() * 1_000_000);
    // a range and a notifier of its own: no fault is another attempt of the one before
    const [start, end] = [FIRST + BigInt(n) * BYTES, FIRST + BigInt(n + 1) * BYTES];
    const mni = MNI + BigInt(n) * 256n;
    made.at(slot, { cpu: 0, tid: 200, comm: 'svmload' });
    made.probe('read_begin', { mni, start, last: end - 1n });
    made.after(500).probe('read_begin_ret', { seq: 2 * n + 1 });
    made.probe('hmm_range_fault', { notifier: mni, seq: 2 * n + 1, start, end });
    made.after(Math.round(fault() * factor)).probe('hmm_range_fault_ret', { ret: 0 });
    // far enough from the fault to collide with it in neither version
    made.at(slot + SLOT_NS / 2, { cpu: 1, tid: 201, comm: 'svmload' });
    made.invalidate({ mm: MM, start, end, event: 1, mni, takes: invalidation() });
    made.at(slot + 1000, { cpu: 2, tid: 200, comm: 'svmload' }).fence('init', 7, n + 1);
    made.after(2000).fence('emit', 7, n + 1);
    made
      .after(fence())
      .by({ cpu: 2, tid: 0, comm: 'swapper/2' })
      .fence('signaled', 7, n + 1);
  }
  return made
    .at(FAULTS * SLOT_NS, { cpu: 0, tid: 200, comm: 'svmload' })
    .fence('destroy', 7, FAULTS)
    .file();
}

it('lengthened range faults are flagged, and what contains them, and nothing else', async () => {
  const runs = [0, 1, 2, 3, 4];
  const base = sideOf('as recorded', await loadRuns(runs.map((run) => recording(run, 1))));
  const next = sideOf('lengthened', await loadRuns(runs.map((run) => recording(run, 1.5))));
  // the same moments of the same recordings: what they share cancels out
  const comparison = compareRuns(base, next, { pairs: 'given' });
  const flagged = comparison.figures.filter(({ verdict }) =>
    ['regressed', 'improved', 'changed', 'suspect'].includes(verdict),
  );
  expect(comparison.obstacles).toEqual([]);
  expect(flagged.map(({ id, verdict }) => [id, verdict]).sort()).toEqual([
    ['range-fault-attempt-duration p50', 'regressed'],
    ['range-fault-duration p50', 'regressed'],
  ]);
  for (const { ratio } of flagged) expect(ratio).toBeCloseTo(1.5, 1);
  expect(comparison.findings.filter(({ verdict }) => verdict !== 'both')).toEqual([]);
  const same = comparison.figures.filter(({ verdict }) => verdict === 'same');
  expect(same.map(({ metric }) => metric)).toContain('invalidation-duration');
  expect(same.map(({ metric }) => metric)).toContain('fence-latency');
});
