/** A seeded sequence of numbers in [0, 1), so that a failing test fails again. */
export { randomFrom } from '../src/compare/statistics/random.ts';
