import type { CommandModule } from 'yargs';
import { type Inspection, inspect } from '../analyzers/inspect.ts';
import { renderInfo } from '../reports/info.ts';
import { type QuietArguments, withQuiet } from './common.ts';
import { watchInput } from './live-input.ts';
import { startProgress } from './progress.ts';
import { print, stdoutStyle, stdoutWidth } from './terminal.ts';

interface InfoArguments extends QuietArguments {
  readonly captures: readonly string[];
  readonly json: boolean;
}

export const infoCommand: CommandModule<object, InfoArguments> = {
  command: 'info <captures..>',
  describe: 'What was recorded, what was lost, and which detectors can use it',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('captures', {
        type: 'string',
        array: true,
        demandOption: true,
        describe:
          'Recording (trace.dat, perf.data, text), packed or not; - is standard input. Of several also how their clocks were aligned',
      })
      .option('json', { type: 'boolean', default: false, describe: 'As JSON' })
      .example('$0 info trace.dat', 'kernel, clock, CPUs, events, losses, detectors')
      .example('$0 info trace.dat dmesg.txt', 'whether the log is of the same boot')
      .example('$0 info trace.dat --json | jq .capture.eventTypes', 'for scripts'),
  handler: run,
};

async function run(args: InfoArguments): Promise<void> {
  const inspection = await inspectWithProgress(args);
  print(
    args.json
      ? `${JSON.stringify(inspection, null, 2)}\n`
      : renderInfo(inspection, stdoutStyle(), stdoutWidth()),
  );
}

async function inspectWithProgress(args: InfoArguments): Promise<Inspection> {
  const progress = await startProgress('reading', args.quiet);
  const input = watchInput(args.captures, args.quiet);
  try {
    return await inspect(args.captures, (part) => progress.update(part), input.options);
  } finally {
    progress.stop();
    input.stop();
  }
}
