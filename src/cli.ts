#!/usr/bin/env node
import yargs from 'yargs';
import { analyzeCommand } from './commands/analyze.ts';
import { EXIT, EXIT_CODES } from './commands/common.ts';
import { eventsCommand } from './commands/events.ts';
import { explainCommand } from './commands/explain.ts';
import { infoCommand } from './commands/info.ts';
import { queryCommand } from './commands/query.ts';
import { reportCommand } from './commands/report.ts';
import { Interrupted } from './commands/signals.ts';
import { notice, survivePipes } from './commands/terminal.ts';
import { TraceError } from './errors.ts';
import { visible } from './reports/visible.ts';
import { VERSION } from './version.ts';

survivePipes();
await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  try {
    await yargs(dashAsValue(args))
      .scriptName('svm-trace')
      .usage('$0 <command>\n\nExplains failures of GPU shared virtual memory from kernel traces.')
      .command(analyzeCommand)
      .command(infoCommand)
      .command(eventsCommand)
      .command(queryCommand)
      .command(reportCommand)
      .command(explainCommand)
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
      .wrap(Math.min(110, process.stdout.columns ?? 110))
      .parserConfiguration({ 'duplicate-arguments-array': false })
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new TraceError(message, { hint: 'see svm-trace --help' });
      })
      .parseAsync();
  } catch (error) {
    fail(error);
  }
}

/** yargs takes a lone `-` for an argument of the command, never for the value of an option. */
function dashAsValue(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    if (arg === '-' && joined.at(-1) === '--json') joined[joined.length - 1] = '--json=-';
    else joined.push(arg);
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
