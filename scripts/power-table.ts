/**
 * How large a change must be, and how many runs it takes, to be found: false discovery rate, power
 * and the chance of any false alarm of simulated comparisons.
 *
 *   npm run power [-- simulations]
 *
 * The model: 50 metrics of which 5 are shifted; 300 latencies a run, lognormal with sigma 0.8, of
 * which the median is compared (its error is that of a normal sample: sqrt(pi / 2) sigma / sqrt(n));
 * the noise between runs differs from metric to metric (median 5 %, or 15 %), 30 % of its variance is
 * common to all metrics of a run. Benjamini-Hochberg at 5 %, effects of 5 % and more.
 */
import { benjaminiHochberg } from '../src/compare/statistics/benjamini-hochberg.ts';
import { type Samples, testFamily } from '../src/compare/statistics/family.ts';
import { randomFrom } from '../src/compare/statistics/random.ts';

const METRICS = 50;
const SHIFTED = 5;
const COMMON = 0.3;
const MEDIAN_ERROR = (Math.sqrt(Math.PI / 2) * 0.8) / Math.sqrt(300);
/** Of the log of the noise, over the metrics. */
const NOISE_SPREAD = 0.5;
const THRESHOLD = Math.log(1.05);
const LEVEL = 0.05;

const simulations = Number(process.argv[2] ?? 300);
const random = randomFrom(2_026);

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function simulate(runs: number, shift: number, noise: number): Samples[] {
  const common = Array.from({ length: 2 * runs }, normal);
  return Array.from({ length: METRICS }, (_, metric) => {
    const tau = noise * Math.exp(NOISE_SPREAD * normal());
    const values = common.map(
      (shared) =>
        tau * (Math.sqrt(COMMON) * shared + Math.sqrt(1 - COMMON) * normal()) +
        MEDIAN_ERROR * normal(),
    );
    const by = metric < SHIFTED ? Math.log(1 + shift) : 0;
    return { before: values.slice(0, runs), after: values.slice(runs).map((value) => value + by) };
  });
}

function row(runs: number, shift: number, noise: number): string[] {
  let wrongShare = 0;
  let found = 0;
  let alarmed = 0;
  for (let n = 0; n < simulations; n += 1) {
    const { tests } = testFamily(simulate(runs, shift, noise), false);
    const qs = benjaminiHochberg(tests.map(({ p }) => p));
    const flagged = tests.flatMap(({ effect }, metric) =>
      (qs[metric] ?? 1) <= LEVEL && Math.abs(effect) >= THRESHOLD ? [metric] : [],
    );
    const right = shift === 0 ? 0 : flagged.filter((metric) => metric < SHIFTED).length;
    const wrong = flagged.length - right;
    found += right / SHIFTED;
    wrongShare += flagged.length === 0 ? 0 : wrong / flagged.length;
    alarmed += wrong > 0 ? 1 : 0;
  }
  const percent = (sum: number): string => ((100 * sum) / simulations).toFixed(1);
  return [
    String(runs),
    `${shift * 100} %`,
    `${noise * 100} %`,
    shift === 0 ? '–' : percent(wrongShare),
    shift === 0 ? '–' : percent(found),
    percent(alarmed),
  ];
}

const lines = [
  ['runs', 'shift', 'noise', 'FDR %', 'power %', 'any false %'],
  ...[0, 0.1, 0.2, 0.5].flatMap((shift) => [3, 5, 10].map((runs) => row(runs, shift, 0.05))),
  ...[5, 10].map((runs) => row(runs, 0.2, 0.15)),
];
for (const line of lines) {
  process.stdout.write(`${line.map((cell) => cell.padStart(11)).join(' ')}\n`);
}
