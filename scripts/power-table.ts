/**
 * How large a change must be, and how many runs it takes, to be found: false discovery rate, power
 * and the chance of any false alarm of simulated comparisons, each with its standard error, beside
 * the power of the study the method was chosen by. With 3 runs a side nothing is more than a
 * suspicion, whatever is flagged here.
 *
 *   npm run power [-- simulations]
 */
import { randomFrom } from '../src/compare/statistics/random.ts';
import { powerOf, type Share, STUDIED } from '../test/simulated-builds.ts';

const simulations = Number(process.argv[2] ?? 1000);
const random = randomFrom(2_026);

const percent = ({ mean, error }: Share): string =>
  `${(100 * mean).toFixed(1)} ± ${(100 * error).toFixed(1)}`;

const lines = [
  ['runs', 'shift', 'noise', 'FDR %', 'power %', 'study %', 'any false %'],
  ...STUDIED.map(({ power, ...situation }) => {
    const { wrong, found, alarmed } = powerOf(situation, simulations, random);
    const shifted = situation.shift > 0;
    return [
      String(situation.runs),
      `${situation.shift * 100} %`,
      `${situation.noise * 100} %`,
      shifted ? percent(wrong) : '–',
      shifted ? percent(found) : '–',
      power === undefined ? '–' : (100 * power).toFixed(1),
      percent(alarmed),
    ];
  }),
];
for (const line of lines) {
  process.stdout.write(`${line.map((cell) => cell.padStart(12)).join(' ')}\n`);
}
