import type { Argv, CommandModule } from 'yargs';
import { metrics } from '../analyzers/metrics/index.ts';
import { FINDINGS_PREFIX } from '../analyzers/metrics/measure.ts';
import type { CompareSettings, Comparison, Side } from '../compare/comparison.ts';
import { DIFFERENCES, type Difference } from '../compare/comparison.ts';
import { FAIL_ON, type FailOn, gate } from '../compare/gate.ts';
import { byVersion } from '../compare/inputs.ts';
import { TraceError } from '../errors.ts';
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
import { reportsBeside } from './reports-beside.ts';
import { print, stdoutStyle, stdoutWidth } from './terminal.ts';
import { checkOutput, writeWhole } from './write-file.ts';

interface CompareArguments extends QuietArguments {
  readonly paths: string[];
  readonly base: string[];
  readonly new: string[];
  readonly by: 'folder' | 'kernel';
  readonly history: string[];
  readonly metric: string[];
  readonly threshold: string[];
  readonly allow: string[];
  readonly paired: boolean | undefined;
  readonly fdr: number;
  readonly 'fail-on': FailOn;
  readonly strict: boolean;
  readonly aa: boolean;
  readonly html: string | undefined;
  readonly markdown: string | undefined;
  readonly json: string | undefined;
  readonly junit: string | undefined;
  readonly sarif: string | undefined;
}

export const compareCommand: CommandModule<object, CompareArguments> = {
  command: 'compare [paths..]',
  describe: 'Is the new kernel worse? Compare the runs of two builds',
  builder,
  handler: run,
};

function builder(yargs: Argv<object>): Argv<CompareArguments> {
  return withOutputs(withRules(withInputs(withQuiet(yargs))))
    .option('aa', {
      type: 'boolean',
      default: false,
      describe: 'Split the runs of one build in two, in many ways, and count the false alarms',
    })
    .example('$0 compare base/ new/', 'all runs of two folders')
    .example('$0 compare base/*.db new/*.db --html compare.html', 'with a page to share')
    .example('$0 compare all/ --by kernel', 'two kernels in one folder')
    .example(
      '$0 compare base/ new/ --markdown "$GITHUB_STEP_SUMMARY" --junit compare.xml',
      'for CI',
    )
    .example('$0 compare --aa base/', 'how far to trust it')
    .epilog(
      [
        'Exit codes:',
        '  0  no regression',
        '  1  a metric regressed, or a failure is new (--fail-on)',
        '  2  could not run: wrong usage, unreadable input, output that cannot be written',
        '  3  not comparable, or fewer than 3 runs; with --strict also what is not decided',
      ].join('\n'),
    );
}

function withInputs<T>(yargs: Argv<T>) {
  return yargs
    .positional('paths', {
      type: 'string',
      array: true,
      default: [] as string[],
      describe:
        'Databases, captures, folders or patterns of two builds: the first folder is the base, the second the new build',
    })
    .option('base', list('Runs of the base build, where folders do not tell'))
    .option('new', list('Runs of the new build'))
    .option('by', {
      choices: ['folder', 'kernel'] as const,
      default: 'folder' as 'folder' | 'kernel',
      describe: 'What tells the builds apart; of two kernels the older one is the base',
    })
    .option(
      'history',
      list('Folders of earlier builds (8 or more): how much builds differ anyway'),
    );
}

function withRules<T>(yargs: Argv<T>) {
  return yargs
    .option('metric', list('Only this metric: fewer questions find smaller changes'))
    .option('threshold', list('Change that matters, for example invalidation-duration=10%'))
    .option('allow', list(`Accept a difference of the sides: ${DIFFERENCES.join(', ')}`))
    .option('paired', {
      type: 'boolean',
      describe:
        'Runs were recorded in turn, A B A B: the nth of both sides belong together. Left out, as the captures show it; --no-paired: they do not',
    })
    .option('fdr', {
      type: 'number',
      default: 0.05,
      describe: 'Share of false alarms among the alarms',
    })
    .option('fail-on', {
      choices: FAIL_ON,
      default: 'regressed' as FailOn,
      describe: 'What makes the exit code 1',
    })
    .option('strict', {
      type: 'boolean',
      default: false,
      describe: 'What is not decided makes the exit code 3',
    });
}

function withOutputs<T>(yargs: Argv<T>) {
  const file = { type: 'string', requiresArg: true } as const;
  return yargs
    .option('html', { ...file, describe: 'Write a page with all runs, distributions and shifts' })
    .option('markdown', { ...file, describe: 'Write Markdown, for example for a step summary' })
    .option('junit', { ...file, describe: 'Write JUnit XML' })
    .option('sarif', { ...file, describe: 'Write SARIF' })
    .option('json', {
      type: 'string',
      describe: 'Write JSON with all inputs to this file, or to stdout instead of the text',
    });
}

async function run(args: CompareArguments): Promise<void> {
  const settings = settingsOf(args);
  if (args.aa) return compareWithItself(args, settings);
  const groups = await sidesOf(args);
  for (const output of [args.html, args.markdown, args.json, args.junit, args.sarif]) {
    if (!output || output === '-') continue;
    checkOutput(
      output,
      groups.flatMap(({ runs }) => runs.map(({ path }) => path)),
    );
  }
  const [base, next] = groups;
  if (!base || !next) throw new Error('no sides');
  const history = await loadGroups(groupArguments(args.history), args.quiet);
  const { compareRuns } = await import('../compare/compare.ts');
  const comparison = compareRuns(base, next, settings, history);
  await write(comparison, args);
}

async function compareWithItself(args: CompareArguments, settings: CompareSettings): Promise<void> {
  const { compareWithItself: measure } = await import('../compare/aa.ts');
  const { renderSelfComparison } = await import('../reports/comparison/aa-text.ts');
  const [side] = await loadGroups([groupOf('runs', args.paths)], args.quiet);
  if (!side || side.runs.length === 0) {
    throw new TraceError('nothing to compare', { hint: 'svm-trace compare --aa base/' });
  }
  if (args.json) {
    checkOutput(
      args.json,
      side.runs.map(({ path }) => path),
    );
  }
  const result = measure(side, settings);
  if (!writeJson(args.json, result)) print(renderSelfComparison(result, stdoutWidth()));
  process.exitCode = result.tests === 0 ? EXIT.undecided : EXIT.clean;
}

function settingsOf(args: CompareArguments): CompareSettings {
  if (!(args.fdr > 0 && args.fdr < 1)) throw new TraceError('--fdr lies between 0 and 1');
  const known = new Set(metrics.map(({ name }) => name));
  for (const name of args.metric) {
    if (known.has(name) || name.startsWith(FINDINGS_PREFIX)) continue;
    throw new TraceError(`there is no metric ${name}`, { hint: [...known].join(', ') });
  }
  for (const name of args.allow) {
    if (isDifference(name)) continue;
    throw new TraceError(`--allow ${name} is unknown`, { hint: DIFFERENCES.join(', ') });
  }
  return {
    q: args.fdr,
    metrics: args.metric,
    allow: args.allow.filter(isDifference),
    pairs: pairsOf(args.paired),
    thresholds: parseThresholds(args.threshold),
  };
}

function pairsOf(paired: boolean | undefined): CompareSettings['pairs'] {
  if (paired === undefined) return 'recorded';
  return paired ? 'given' : 'none';
}

function isDifference(name: string): name is Difference {
  return DIFFERENCES.some((known) => known === name);
}

/** The two sides, however they were named. */
async function sidesOf(args: CompareArguments): Promise<Side[]> {
  if (args.base.length > 0 || args.new.length > 0) {
    if (args.paths.length > 0 || args.base.length === 0 || args.new.length === 0) {
      throw new TraceError('--base and --new go together, without other paths');
    }
    return loadGroups([groupOf('base', args.base), groupOf('new', args.new)], args.quiet);
  }
  if (args.paths.length === 0) {
    throw new TraceError('nothing to compare', { hint: 'svm-trace compare base/ new/' });
  }
  if (args.by === 'kernel') {
    const [all] = await loadGroups([groupOf('all', args.paths)], args.quiet);
    return exactlyTwo(byKernel(all?.runs ?? []), 'kernels').sort((a, b) =>
      byVersion(a.label, b.label),
    );
  }
  // two arguments are the two sides even in one folder
  const groups =
    args.paths.length === 2
      ? args.paths.map((path) => groupOf(path, [path]))
      : groupArguments(args.paths);
  return loadGroups(exactlyTwo(groups, 'folders'), args.quiet);
}

function exactlyTwo<T extends { readonly label: string }>(groups: readonly T[], what: string): T[] {
  const [base, next] = groups;
  if (groups.length === 2 && base && next) return [base, next];
  throw new TraceError(
    `two ${what} are compared, these are ${groups.length}: ${groups.map(({ label }) => label).join(', ')}`,
    { hint: '--base … --new … says which files belong where; trend compares more than two builds' },
  );
}

async function write(comparison: Comparison, args: CompareArguments): Promise<void> {
  const verdict = gate(comparison, args['fail-on'], args.strict);
  if (args.markdown !== undefined) {
    const { renderComparisonMarkdown } = await import('../reports/comparison/markdown.ts');
    writeWhole(args.markdown, renderComparisonMarkdown(comparison, verdict));
  }
  if (args.html !== undefined) {
    // loaded when asked for: the plots are large
    const { renderComparisonHtml } = await import(
      '../reports/html/comparison/render-comparison-html.tsx'
    );
    const reports = reportsBeside(comparison, args.html);
    writeWhole(args.html, renderComparisonHtml(comparison, verdict, reports));
  }
  if (args.junit !== undefined) {
    const { renderJunit } = await import('../reports/comparison/junit.ts');
    writeWhole(args.junit, renderJunit(comparison, verdict));
  }
  if (args.sarif !== undefined) {
    const { renderSarif } = await import('../reports/comparison/sarif.ts');
    writeWhole(args.sarif, renderSarif(comparison, verdict));
  }
  if (!writeJson(args.json, comparison)) {
    const { renderComparisonText } = await import('../reports/comparison/text.ts');
    print(
      renderComparisonText(comparison, verdict, { style: stdoutStyle(), width: stdoutWidth() }),
    );
  }
  process.exitCode = { pass: EXIT.clean, fail: EXIT.findings, undecided: EXIT.undecided }[
    verdict.outcome
  ];
}
