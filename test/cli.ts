/** The command line as a child process, from the sources. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('..', import.meta.url));

export interface CliRun {
  /** null when a signal or the time limit ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const TIME_LIMIT_MS = 60_000;
const ARGUMENTS = ['--import', 'tsx', `${ROOT}src/cli.ts`];

export function svmTrace(...args: string[]): CliRun {
  return run(process.execPath, [...ARGUMENTS, ...args]);
}

/** The same, behind shell commands such as `ulimit`. */
export function svmTraceAfter(shell: string, ...args: string[]): CliRun {
  return run('bash', [
    '-c',
    `${shell}; exec "$@"`,
    'bash',
    process.execPath,
    ...ARGUMENTS,
    ...args,
  ]);
}

/** The same, with bytes on standard input. */
export function svmTraceReading(input: Uint8Array, ...args: string[]): CliRun {
  return run(process.execPath, [...ARGUMENTS, ...args], input);
}

function run(command: string, args: string[], input?: Uint8Array): CliRun {
  const done = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    input,
    timeout: TIME_LIMIT_MS,
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}
