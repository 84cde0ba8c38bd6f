import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder; it goes with all others when the test run ends (temporary-files.ts). */
export function scratch(name = 'folder'): string {
  return mkdtempSync(join(tmpdir(), `svm-trace-${name}-`));
}
