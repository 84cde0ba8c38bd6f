/** `svm-trace analyze` as the benches run it: the built program, into a database. */
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Cost, measure } from './measure.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const EXIT_COULD_NOT_RUN = 2;

/** @throws Error where it could not run: a failed run costs little and proves nothing. */
export async function analysisCost(
  capture: string,
  database: string,
  more: readonly string[] = [],
): Promise<Cost> {
  rmSync(database, { force: true });
  const args = [CLI, 'analyze', capture, '-o', database, '--quiet', ...more];
  const cost = await measure(process.execPath, args);
  // A module that does not load ends Node with 1, the code for findings: the database tells.
  if (cost.exitCode === null || cost.exitCode >= EXIT_COULD_NOT_RUN || !existsSync(database)) {
    throw new Error(`svm-trace analyze ${more.join(' ')} ${capture} ended with ${cost.exitCode}`);
  }
  return cost;
}
