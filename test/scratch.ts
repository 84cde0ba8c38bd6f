import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let root: string | undefined;

/** A new empty folder for a test; all of them are gone when the test process ends. */
export function scratch(name = 'folder'): string {
  if (root === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'svm-trace-test-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    root = made;
  }
  return mkdtempSync(join(root, `${name}-`));
}
