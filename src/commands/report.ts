import type { CommandModule } from 'yargs';
import { buildResult } from '../analyzers/build-result.ts';
import { renderJson } from '../reports/json.ts';
import { openStore } from '../store/reader.ts';
import { type QuietArguments, withQuiet } from './common.ts';
import { SUMMARY_FORMATS, type SummaryFormat, summary } from './summary.ts';
import { notice, print } from './terminal.ts';
import { checkOutput, writeWhole } from './write-file.ts';

interface ReportArguments extends QuietArguments {
  readonly db: string;
  readonly output: string | undefined;
  readonly json: boolean;
  readonly format: SummaryFormat | undefined;
  readonly verbose: boolean;
}

export const reportCommand: CommandModule<object, ReportArguments> = {
  command: 'report <db>',
  describe: 'Write the report of an earlier analysis',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('db', {
        type: 'string',
        demandOption: true,
        describe: 'Database made by analyze -o',
      })
      .option('output', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'HTML file to write; without it the text report goes to stdout',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'The result as JSON on stdout',
      })
      .option('format', {
        choices: SUMMARY_FORMATS,
        describe: 'The summary on stdout: text for the terminal, or to be pasted into an issue',
      })
      .option('verbose', {
        alias: 'v',
        type: 'boolean',
        default: false,
        describe: 'All findings, all their evidence and all recording commands',
      })
      .example('$0 report trace.db -o trace.html', 'a page to share')
      .example('$0 report trace.db', 'the text report again')
      .example('$0 report trace.db --format markdown', 'for an issue')
      .example('$0 report trace.db --json > trace.json', 'for scripts'),
  handler: run,
};

async function run(args: ReportArguments): Promise<void> {
  if (args.output !== undefined) checkOutput(args.output, [args.db]);
  const store = openStore(args.db);
  try {
    const result = buildResult(store);
    if (args.output !== undefined) {
      const { renderHtml } = await import('../reports/html/render-html.tsx');
      writeWhole(args.output, renderHtml(result));
      notice(`wrote ${args.output}`, args.quiet);
    }
    if (args.json) print(renderJson(result));
    else if (args.output === undefined || args.format !== undefined) {
      print(summary(result, { format: args.format ?? 'text', verbose: args.verbose }));
    }
  } finally {
    store.close();
  }
}
