import type { StoreReader } from '../../store/reader.ts';
import type { Distribution, SummaryFigures } from '../result.ts';
import { buildAttempts } from './attempts.ts';
import { buildBreakdowns } from './breakdowns.ts';
import { buildFaultsOverTime } from './faults-over-time.ts';
import { figuresNotDrawn } from './not-drawn.ts';

/** `distributions` are drawn too, so that nothing is said to be missing of them. */
export function buildSummaryFigures(
  store: StoreReader,
  distributions: readonly Distribution[],
): SummaryFigures {
  const breakdowns = buildBreakdowns(store);
  const attempts = buildAttempts(store) ?? null;
  const faultsOverTime = buildFaultsOverTime(store) ?? null;
  const drawn = [...distributions, ...breakdowns, attempts, faultsOverTime];
  return {
    breakdowns,
    attempts,
    faultsOverTime,
    notDrawn: figuresNotDrawn(
      store,
      drawn.filter((figure) => figure !== null),
    ),
  };
}
