/**
 * digamma and trigamma of positive numbers, by their recurrences up to 10 and the asymptotic series
 * from there (Abramowitz and Stegun 6.3.18 and 6.4.12): 12 digits and more.
 */
const ASYMPTOTIC_FROM = 10;

export function digamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < ASYMPTOTIC_FROM; y += 1) shift -= 1 / y;
  const r = 1 / (y * y);
  const series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132)))));
  return shift + Math.log(y) - 1 / (2 * y) - series;
}

export function trigamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < ASYMPTOTIC_FROM; y += 1) shift += 1 / (y * y);
  const r = 1 / (y * y);
  const series = (1 / y) * r * (1 / 6 - r * (1 / 30 - r * (1 / 42 - r * (1 / 30 - r * (5 / 66)))));
  return shift + 1 / y + r / 2 + series;
}

/**
 * The x with trigamma(x) = y > 0: Newton’s method on 1/trigamma, which converges from one side
 * (Smyth 2004, appendix).
 */
export function inverseTrigamma(y: number): number {
  if (y > 1e7) return 1 / Math.sqrt(y);
  if (y < 1e-6) return 1 / y;
  let x = 0.5 + 1 / y;
  for (let round = 0; round < 50; round += 1) {
    const value = trigamma(x);
    const step = (value * (1 - value / y)) / tetragamma(x);
    x += step;
    if (-step / x < 1e-10) break;
  }
  return x;
}

/** Derivative of trigamma. */
function tetragamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < ASYMPTOTIC_FROM; y += 1) shift -= 2 / (y * y * y);
  const r = 1 / (y * y);
  return shift - r * (1 + 1 / y + r * (1 / 2 - r * (1 / 6 - r * (1 / 6 - r * 0.3))));
}
