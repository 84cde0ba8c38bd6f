import { statSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import type { Side } from '../compare/comparison.ts';
import { byVersion } from '../compare/inputs.ts';
import type { Trend } from '../compare/trend.ts';
import { renderTrendText } from '../reports/comparison/trend-text.ts';
import { EXIT, type QuietArguments, withQuiet } from './common.ts';
import {
  byKernel,
  groupArguments,
  groupOf,
  list,
  loadGroups,
  parseThresholds,
  writeJson,
} from './compare-inputs.ts';
import { print, stdoutStyle, stdoutWidth } from './terminal.ts';
import { checkOutput, writeWhole } from './write-file.ts';

interface TrendArguments extends QuietArguments {
  readonly paths: string[];
  readonly by: 'folder' | 'kernel';
  readonly order: 'list' | 'version' | 'date';
  readonly metric: string[];
  readonly threshold: string[];
  readonly html: string | undefined;
  readonly json: string | undefined;
}

export const trendCommand: CommandModule<object, TrendArguments> = {
  command: 'trend <paths..>',
  describe: 'Since which build is it worse? Changes over many builds in order',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('paths', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'A folder or pattern per build, in order',
      })
      .option('by', {
        choices: ['folder', 'kernel'] as const,
        default: 'folder' as 'folder' | 'kernel',
        describe: 'What tells the builds apart',
      })
      .option('order', {
        choices: ['list', 'version', 'date'] as const,
        default: 'list' as 'list' | 'version' | 'date',
        describe: 'As given, by the numbers in their names, or by the age of their files',
      })
      .option('metric', list('Only this metric'))
      .option('threshold', list('Change that matters, for example invalidation-duration=10%'))
      .option('html', {
        type: 'string',
        requiresArg: true,
        describe: 'Write a page with every run of every build',
      })
      .option('json', {
        type: 'string',
        describe: 'Write JSON with all inputs to this file, or to stdout instead of the text',
      })
      .example('$0 trend builds/* --order version', 'a folder per build')
      .example(
        '$0 trend all/*.db --by kernel --order version --html trend.html',
        'by kernel release',
      )
      .epilog(
        [
          'Exit codes:',
          '  0  nothing got worse',
          '  1  a metric got worse',
          '  2  could not run: wrong usage, unreadable input, output that cannot be written',
          '  3  too few builds',
        ].join('\n'),
      ),
  handler: run,
};

async function run(args: TrendArguments): Promise<void> {
  const builds = ordered(await buildsOf(args), args.order);
  const inputs = builds.flatMap(({ runs }) => runs.map(({ path }) => path));
  for (const output of [args.html, args.json]) {
    if (output && output !== '-') checkOutput(output, inputs);
  }
  const { findTrend } = await import('../compare/trend.ts');
  const trend = findTrend(builds, {
    metrics: args.metric,
    thresholds: parseThresholds(args.threshold),
  });
  if (args.html !== undefined) {
    const { renderTrendHtml } = await import('../reports/html/comparison/trend-page.tsx');
    writeWhole(args.html, renderTrendHtml(trend));
  }
  if (!writeJson(args.json, trend))
    print(renderTrendText(trend, { style: stdoutStyle(), width: stdoutWidth() }));
  process.exitCode = exitCodeOf(trend);
}

async function buildsOf({ paths, by, quiet }: TrendArguments): Promise<Side[]> {
  if (by === 'folder') return loadGroups(groupArguments(paths), quiet);
  const [all] = await loadGroups([groupOf('all', paths)], quiet);
  return byKernel(all?.runs ?? []);
}

function ordered(builds: readonly Side[], order: TrendArguments['order']): Side[] {
  if (order === 'list') return [...builds];
  if (order === 'version') return [...builds].sort((a, b) => byVersion(a.label, b.label));
  const age = ({ runs }: Side): number =>
    Math.min(...runs.map(({ path }) => statSync(path).mtimeMs));
  return [...builds].sort((a, b) => age(a) - age(b));
}

function exitCodeOf({ figures, obstacles }: Trend): number {
  if (figures.some(({ changes }) => changes.some(({ verdict }) => verdict === 'regressed'))) {
    return EXIT.findings;
  }
  return obstacles.length > 0 || figures.length === 0 ? EXIT.undecided : EXIT.clean;
}
