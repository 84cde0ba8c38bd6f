import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives the test run, and every program it starts, one folder for temporary files; removes it at the end. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'svm-trace-tests-'));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
