/** How far the comparison of a build with itself can be trusted, on the terminal. */
import type { SelfComparison } from '../../compare/aa.ts';
import { counted } from '../units.ts';
import { visible } from '../visible.ts';
import { columns } from '../wrap.ts';

/** Metrics named. */
const NAMED = 10;

export function renderSelfComparison(result: SelfComparison, width = 100): string {
  const { label, runs, splits, tests, unusual, alarms, alarmed } = result;
  const percent = (part: number, of: number): string => `${((100 * part) / of).toFixed(1)} %`;
  if (tests === 0) {
    return `${visible(label)} has ${counted(runs, 'run')}: 6 or more can be split in two halves of 3\n`;
  }
  const restless = result.metrics.filter((metric) => metric.unusual > 0).slice(0, NAMED);
  return [
    `${visible(label)} against itself: ${counted(runs, 'run')} split in two in ${counted(splits, 'way')}`,
    '',
    columns(
      [
        ['p <= 0.05', `${unusual} of ${tests} tests, ${percent(unusual, tests)}; 5 % are expected`],
        [
          'Alarms',
          `${alarms}, in ${alarmed} of ${counted(splits, 'comparison')}, ${percent(alarmed, splits)}; at most about 5 % are expected`,
        ],
      ],
      width,
    ),
    ...(restless.length > 0
      ? [
          '',
          'Most often unusual',
          columns(
            restless.map(({ id, unusual: often, tests: of }) => [`  ${id}`, `${often} of ${of}`]),
            width,
          ),
        ]
      : []),
    '',
  ].join('\n');
}
