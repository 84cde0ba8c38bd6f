import yargs from 'yargs';
import { TraceError } from '../errors.ts';
import { visible } from '../reports/visible.ts';
import { VERSION } from '../version.ts';
import { analyzeCommand } from './analyze.ts';
import { bisectStepCommand } from './bisect-step.ts';
import { EXIT, EXIT_CODES } from './common.ts';
import { compareCommand } from './compare.ts';
import { COMPARED_LISTS } from './compare-inputs.ts';
import { eventsCommand } from './events.ts';
import { explainCommand } from './explain.ts';
import { exportCommand } from './export.ts';
import { infoCommand } from './info.ts';
import { queryCommand } from './query.ts';
import { reportCommand } from './report.ts';
import { Interrupted } from './signals.ts';
import { notice } from './terminal.ts';
import { trendCommand } from './trend.ts';
import { whyCommand } from './why.ts';

/** Runs one command line; what comes of it is printed, and `process.exitCode` is set. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await yargs(dashAsValue(args))
      .scriptName('svm-trace')
      .usage('$0 <command>\n\nExplains failures of GPU shared virtual memory from kernel traces.')
      .command(analyzeCommand)
      .command(infoCommand)
      .command(eventsCommand)
      .command(whyCommand)
      .command(queryCommand)
      .command(exportCommand)
      .command(reportCommand)
      .command(explainCommand)
      .command(compareCommand)
      .command(trendCommand)
      .command(bisectStepCommand)
      .completion('completion', 'Print a completion script for bash or zsh')
      .demandCommand(1, 'which command?')
      .strictCommands()
      .strict()
      .example('$0 analyze trace.dat', 'what is wrong')
      .example('$0 analyze trace.dat -o trace.db --report trace.html', 'keep it')
      .example('$0 info trace.dat', 'what was recorded, and which detectors can use it')
      .epilog(EXIT_CODES)
      .help()
      .alias('help', 'h')
      .version(VERSION)
      .wrap(helpWidth(args))
      .middleware(lastOfEach)
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? usageError(message, args);
      })
      .parseAsync();
  } catch (error) {
    fail(error);
    // git bisect run would take a 2 for a bad commit
    if (args[0] === 'bisect-step' && process.exitCode === EXIT.failed) process.exitCode = 128;
  }
}

/**
 * yargs renders the help of every command it runs; only where it is shown is it worth the 10 ms that
 * breaking its lines takes.
 */
function helpWidth(args: readonly string[]): number | null {
  const isShown = args.length === 0 || args.some((arg) => /^(-\w*h\w*|--help|help)$/.test(arg));
  return isShown ? Math.min(110, process.stdout.columns ?? 110) : null;
}

/** What may be given more than once. */
const LISTS: ReadonlySet<string> = new Set([
  '_',
  'captures',
  'event',
  'e',
  'rules',
  ...COMPARED_LISTS,
]);

/** Of an option given more than once the last one counts. */
function lastOfEach(args: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(args)) {
    if (Array.isArray(value) && !LISTS.has(name)) args[name] = value.at(-1);
  }
}

/** yargs calls a surplus argument an unknown command, and lists the rest of the line with it. */
function usageError(message: string, args: readonly string[]): TraceError {
  const unknown = /^Unknown commands?: ([^,]*)/.exec(message)?.[1];
  if (unknown === undefined) return new TraceError(message, { hint: 'see svm-trace --help' });
  return unknown === args.find((arg) => !arg.startsWith('-'))
    ? new TraceError(`there is no command ${unknown}`, { hint: 'svm-trace --help lists them' })
    : new TraceError(`one argument too many: ${unknown}`, { hint: 'see svm-trace --help' });
}

/**
 * yargs takes a lone `-` for an argument of the command, never for the value of an option, and
 * makes it an empty one.
 */
function dashAsValue(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const option = joined.at(-1);
    if (arg === '-' && (option === '--json' || option === '--csv')) {
      joined[joined.length - 1] = `${option}=-`;
    } else joined.push(arg === '-' ? '/dev/stdin' : arg);
  }
  return joined;
}

/** One line and a hint; DEBUG=1 shows where it comes from. */
function fail(error: unknown): void {
  process.exitCode = error instanceof Interrupted ? error.exitCode : EXIT.failed;
  const message = error instanceof Error ? error.message : String(error);
  notice(oneLine(message));
  if (error instanceof TraceError && error.hint) process.stderr.write(`  ${oneLine(error.hint)}\n`);
  if (process.env.DEBUG) {
    process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
  } else if (!(error instanceof TraceError || error instanceof Interrupted)) {
    process.stderr.write('  this is a mistake of svm-trace: DEBUG=1 shows where\n');
  }
}

function oneLine(text: string): string {
  return visible(text.replaceAll('\n', ' '));
}
