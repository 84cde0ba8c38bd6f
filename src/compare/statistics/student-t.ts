/** Tails and quantiles of Student’s t; infinite degrees of freedom are the normal distribution. */
import jStat from 'jstat';

/** Beyond this many degrees of freedom t is normal to the accuracy of what is printed. */
const NORMAL_FROM = 1e6;

/** P(|T| >= |t|). By the incomplete beta function, which keeps its digits far out in the tail. */
export function twoSidedP(t: number, df: number): number {
  if (Number.isNaN(t)) return 1;
  if (!Number.isFinite(t)) return 0;
  if (df > NORMAL_FROM) return Math.min(1, 2 * jStat.normal.cdf(-Math.abs(t), 0, 1));
  return Math.min(1, jStat.ibeta(df / (df + t * t), df / 2, 0.5));
}

/** P(T <= t). */
export function cumulativeT(t: number, df: number): number {
  const tail = twoSidedP(t, df) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** The t that is exceeded in absolute value with probability `alpha`. */
export function criticalT(alpha: number, df: number): number {
  return df > NORMAL_FROM ? -jStat.normal.inv(alpha / 2, 0, 1) : -jStat.studentt.inv(alpha / 2, df);
}
