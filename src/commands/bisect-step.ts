import type { CommandModule } from 'yargs';
import { detectors } from '../analyzers/detectors/index.ts';
import { metrics } from '../analyzers/metrics/index.ts';
import type { Step } from '../compare/bisect.ts';
import { TraceError } from '../errors.ts';
import { visible } from '../reports/visible.ts';
import { type QuietArguments, withQuiet } from './common.ts';
import { groupOf, list, loadGroups, parseThresholds } from './compare-inputs.ts';
import { print } from './terminal.ts';

/** As git bisect run reads them: 125 leaves the commit out, from 128 on it gives up. */
const EXIT_OF: Readonly<Record<Step['word'], number>> = { good: 0, bad: 1, skip: 125 };

interface BisectArguments extends QuietArguments {
  readonly paths: string[];
  readonly good: string[];
  readonly bad: string[];
  readonly by: string | undefined;
  readonly detector: string | undefined;
  readonly threshold: string[];
}

export const bisectStepCommand: CommandModule<object, BisectArguments> = {
  command: 'bisect-step <paths..>',
  describe: 'Is this build good or bad? For git bisect run',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('paths', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Runs of the build in question: 5 or more',
      })
      .option('good', list('Runs of a good build'))
      .option('bad', list('Runs of a bad build; without it whatever is worse than good is bad'))
      .option('by', {
        type: 'string',
        requiresArg: true,
        describe: 'The one metric that decides, for example invalidation-duration',
      })
      .option('detector', {
        type: 'string',
        requiresArg: true,
        describe: 'The one detector that decides: a warning or an error of it is bad',
      })
      .option('threshold', list('Change that matters, for example invalidation-duration=10%'))
      .conflicts('by', 'detector')
      .example(
        '$0 bisect-step runs/ --by invalidation-duration --good good/ --bad bad/',
        'by a metric',
      )
      .example('$0 bisect-step runs/ --detector hmm-timeout', 'by a failure')
      .example(
        'git bisect run sh -c "make -j8 && ./record.sh runs || exit 125; $0 bisect-step runs --detector hmm-timeout"',
        'record.sh boots the kernel and records its runs; what does not build is skipped',
      )
      .epilog(
        [
          'Prints good, bad or skip, and why. Exit codes, as git bisect run reads them:',
          '  0    good',
          '  1    bad',
          '  125  cannot be told: skip this commit',
          '  128  could not run: the bisection ends',
        ].join('\n'),
      ),
  handler: run,
};

async function run(args: BisectArguments): Promise<void> {
  const step = await decide(args);
  print(`${step.word}: ${visible(step.reason)}\n`);
  process.exitCode = EXIT_OF[step.word];
}

async function decide({
  paths,
  good,
  bad,
  by,
  detector,
  threshold,
  quiet,
}: BisectArguments): Promise<Step> {
  const { stepByDetector, stepByMetric } = await import('../compare/bisect.ts');
  if (detector !== undefined) {
    if (!detectors.some(({ meta }) => meta.id === detector)) {
      throw new TraceError(`there is no detector ${detector}`, {
        hint: 'svm-trace explain lists them',
      });
    }
    const [build] = await loadGroups([groupOf('build', paths)], quiet);
    return stepByDetector(build ?? { label: 'build', runs: [] }, detector);
  }
  const name = by?.split(' ')[0];
  if (by === undefined || !metrics.some((metric) => metric.name === name)) {
    throw new TraceError(
      by === undefined ? '--by or --detector decides' : `there is no metric ${name}`,
      {
        hint: `metrics: ${metrics.map((metric) => metric.name).join(', ')}`,
      },
    );
  }
  if (good.length === 0) throw new TraceError('--good names the runs of a good build');
  const groups = [groupOf('build', paths), groupOf('good', good)];
  if (bad.length > 0) groups.push(groupOf('bad', bad));
  const [build, reference, worse] = await loadGroups(groups, quiet);
  if (!build || !reference) throw new Error('no runs');
  const settings = { thresholds: parseThresholds(threshold) };
  return stepByMetric(build, { good: reference, bad: worse }, by, settings);
}
