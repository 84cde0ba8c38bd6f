import type { Argv, CommandModule } from 'yargs';
import { type Analysis, analyze } from '../analyzers/analyze.ts';
import { SEVERITY_RANK } from '../analyzers/complete-findings.ts';
import type { Severity } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { loadRules, withRules } from '../analyzers/rules/load-rules.ts';
import { renderJson } from '../reports/json.ts';
import { EXIT, EXIT_CODES, type QuietArguments, RULES_OPTION, withQuiet } from './common.ts';
import { CONFIG_FILE, readConfig } from './config.ts';
import { watchInput } from './live-input.ts';
import { startProgress } from './progress.ts';
import { SUMMARY_FORMATS, type SummaryFormat, summary } from './summary.ts';
import { notice, print } from './terminal.ts';
import { checkOutput, writeWhole } from './write-file.ts';

const FAIL_ON = ['info', 'warn', 'error', 'critical', 'never'] as const;

interface AnalyzeArguments extends QuietArguments {
  readonly captures: readonly string[];
  readonly db: string | undefined;
  readonly report: string | undefined;
  readonly json: string | undefined;
  readonly format: SummaryFormat;
  readonly 'fail-on': (typeof FAIL_ON)[number];
  readonly events: 'default' | 'all';
  readonly config: string | undefined;
  readonly rules: readonly string[];
  readonly force: boolean;
  readonly verbose: boolean;
}

export const analyzeCommand: CommandModule<object, AnalyzeArguments> = {
  command: 'analyze <captures..>',
  describe: 'Find failures of GPU shared virtual memory in a capture',
  builder,
  handler: run,
};

function builder(yargs: Argv<object>): Argv<AnalyzeArguments> {
  return withQuiet(yargs)
    .positional('captures', {
      type: 'string',
      array: true,
      demandOption: true,
      describe:
        'Recording (trace.dat, perf.data, text), packed or not; - is standard input. Several of one machine are put on one time line. Or the database of an earlier analysis',
    })
    .option('db', {
      alias: 'o',
      type: 'string',
      requiresArg: true,
      describe:
        'Keep the database here; used again when capture, options and version are the same. Without it nothing is kept',
    })
    .option('report', {
      type: 'string',
      requiresArg: true,
      describe: 'Write the HTML report to this file',
    })
    .option('json', {
      type: 'string',
      describe: 'Write the result as JSON to this file, or to stdout instead of the text',
    })
    .option('format', {
      choices: SUMMARY_FORMATS,
      default: 'text' as const,
      describe: 'The summary on stdout: for the terminal, or to be pasted into an issue',
    })
    .option('fail-on', {
      choices: FAIL_ON,
      default: 'error' as const,
      describe: 'Lowest severity that makes the exit code 1',
    })
    .option('events', {
      choices: ['default', 'all'] as const,
      default: 'default' as const,
      describe: 'Events to store: those svm-trace knows, or all',
    })
    .option('config', {
      type: 'string',
      requiresArg: true,
      describe: `Numbers to judge by, as JSON; default: ${CONFIG_FILE} where there is one`,
    })
    .option('rules', RULES_OPTION)
    .option('force', {
      type: 'boolean',
      default: false,
      describe: 'Read the capture again and overwrite what -o names',
    })
    .option('verbose', {
      alias: 'v',
      type: 'boolean',
      default: false,
      describe: 'All findings, all their evidence and all recording commands',
    })
    .example('$0 analyze trace.dat', 'what is wrong, on the terminal')
    .example('$0 analyze trace.dat -o trace.db --report trace.html', 'keep it, and a page to share')
    .example('$0 analyze trace.dat dmesg.txt', 'the kernel log beside it, clocks aligned')
    .example('$0 analyze trace.dat --json | jq .findings[].summary', 'for scripts')
    .example('$0 analyze trace.dat --format markdown', 'to be pasted into an issue')
    .example('$0 analyze trace.dat --fail-on warn', 'for CI: exit code 1 from warn upwards')
    .example('$0 analyze /sys/kernel/tracing/trace_pipe', 'live, until Ctrl-C')
    .example('$0 analyze trace.db --rules my-rule.ts', 'with a detector of your own')
    .example('$0 analyze trace.db', 'run the detectors again, without the capture')
    .epilog(EXIT_CODES);
}

async function run(args: AnalyzeArguments): Promise<void> {
  for (const output of [args.report, args.json]) {
    if (!output || output === '-') continue;
    checkOutput(output, [...args.captures, ...(args.db ? [args.db] : [])]);
  }
  const { result, reused } = await analyzeWithProgress(args);
  if (reused && args.db !== undefined) {
    notice(`${args.db} is up to date: capture not read again (--force does)`, args.quiet);
  }
  await writeReports(result, args);
  process.exitCode = fails(result.worst, args['fail-on']) ? EXIT.findings : EXIT.clean;
}

async function analyzeWithProgress(args: AnalyzeArguments): Promise<Analysis> {
  const rules = await loadRules(args.rules);
  const progress = await startProgress('reading', args.quiet);
  const input = watchInput(args.captures, args.quiet);
  try {
    return await analyze(args.captures, {
      ...(args.db === undefined ? {} : { db: args.db }),
      events: args.events,
      thresholds: readConfig(args.config).thresholds,
      detectors: withRules(rules),
      force: args.force,
      figures: args.report !== undefined || args.json !== undefined,
      ...input.options,
      onProgress: (part) => progress.update(part),
    });
  } finally {
    progress.stop();
    input.stop();
  }
}

async function writeReports(result: Result, args: AnalyzeArguments): Promise<void> {
  if (args.report !== undefined) {
    // loaded when asked for: the plots are large
    const { renderHtml } = await import('../reports/html/render-html.tsx');
    writeWhole(args.report, renderHtml(result));
  }
  if (args.json !== undefined && args.json !== '' && args.json !== '-') {
    writeWhole(args.json, renderJson(result));
  } else if (args.json !== undefined) {
    print(renderJson(result));
    return;
  }
  print(summary(result, args));
  if (args.format === 'text') print(`\n${outputs(args)}\n`);
}

function outputs(args: AnalyzeArguments): string {
  const lines = [
    args.db === undefined
      ? 'Database  not kept; -o trace.db keeps it for svm-trace query and report'
      : `Database  ${args.db}`,
    args.report === undefined
      ? 'Report    none; --report trace.html writes one'
      : `Report    ${args.report}`,
  ];
  if (args.json) lines.push(`JSON      ${args.json}`);
  return lines.join('\n');
}

function fails(worst: Severity | null, failOn: AnalyzeArguments['fail-on']): boolean {
  if (worst === null || failOn === 'never') return false;
  return SEVERITY_RANK[worst] >= SEVERITY_RANK[failOn];
}
