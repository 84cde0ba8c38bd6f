/** What the commands have in common. */
import type { Argv } from 'yargs';

/** Exit codes, as the help documents them. */
export const EXIT: {
  readonly clean: 0;
  readonly findings: 1;
  readonly failed: 2;
  /** Only of commands that compare. */
  readonly undecided: 3;
} = { clean: 0, findings: 1, failed: 2, undecided: 3 };

export const EXIT_CODES: string = [
  'Exit codes:',
  '  0  no finding at or above --fail-on',
  '  1  findings at or above --fail-on',
  '  2  could not run: wrong usage, unreadable input, output that cannot be written',
].join('\n');

export interface QuietArguments {
  readonly quiet: boolean;
}

export function withQuiet<T>(yargs: Argv<T>): Argv<T & QuietArguments> {
  return yargs.option('quiet', {
    alias: 'q',
    type: 'boolean',
    default: false,
    describe: 'No progress and no notices on stderr',
  });
}

/** Detectors in files of the user's own; one each time, so that captures may follow. */
export const RULES_OPTION: {
  readonly type: 'string';
  readonly array: true;
  readonly nargs: 1;
  readonly default: string[];
  readonly describe: string;
} = {
  type: 'string',
  array: true,
  nargs: 1,
  default: [],
  describe: 'Detectors of your own: .ts, .js, or .sql with .json beside it (docs/rules.md)',
};
