/**
 * q-values of a family of tests: rejecting q <= x keeps the expected share of false rejections below
 * x (Benjamini and Hochberg, J. R. Statist. Soc. B 57, 1995). In the order of `ps`.
 */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const order = ps.map((p, index) => ({ p, index })).sort((a, b) => b.p - a.p);
  const qs = new Array<number>(ps.length);
  let smallest = 1;
  order.forEach(({ p, index }, n) => {
    smallest = Math.min(smallest, (p * ps.length) / (ps.length - n));
    qs[index] = smallest;
  });
  return qs;
}
