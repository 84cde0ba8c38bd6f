import {
  accessSync,
  constants,
  existsSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { TraceError } from '../errors.ts';
import { isStream } from '../parsers/unwrap/input.ts';
import { storeError } from '../store/store-error.ts';

/**
 * Writes a whole file or none: a report is never half there.
 * @throws TraceError when it cannot be written, or would replace one of `inputs`.
 */
export function writeWhole(path: string, text: string, inputs: readonly string[] = []): void {
  refuseOverwriting(path, inputs);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    // a device or a pipe is written to, not replaced
    if (existsSync(path) && !statSync(path).isFile()) {
      writeFileSync(path, text);
      return;
    }
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw storeError(error, path);
  }
}

/**
 * Finds out before the work whether its result can be written afterwards.
 * @throws TraceError when it cannot, or `path` is one of the files that are read.
 */
export function checkOutput(path: string, inputs: readonly string[]): void {
  refuseOverwriting(path, inputs);
  try {
    if (!existsSync(path) || statSync(path).isFile()) accessSync(dirname(path), constants.W_OK);
    if (existsSync(path) && statSync(path).isDirectory()) {
      throw new TraceError(`${path} is a directory`, { hint: 'give the path of a file' });
    }
  } catch (error) {
    throw storeError(error, path);
  }
}

/** @throws TraceError when `path` is one of the files that are read. */
function refuseOverwriting(path: string, inputs: readonly string[]): void {
  if (!existsSync(path)) return;
  const real = realpathSync(path);
  const files = inputs.filter((input) => existsSync(input) && !isStream(input));
  if (files.some((input) => realpathSync(input) === real)) {
    throw new TraceError(`${path} is an input`, { hint: 'give another path for the output' });
  }
}
