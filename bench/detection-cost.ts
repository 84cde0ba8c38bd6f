/**
 * What following objects and asking detectors adds to parsing and storing the same events: CPU time of
 * paired runs of one program with and without them, start-up excepted (bench/one-run.ts).
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Beside the bundles of the build, made in the same way: modules of src/ find what they read. */
const PROGRAM = fileURLToPath(new URL('../dist/one-run.js', import.meta.url));

export interface DetectionCost {
  readonly loadSeconds: number;
  readonly verdictSeconds: number;
  /** What is added, as a share of parsing and storing. */
  readonly added: number;
}

export async function buildOneRun(): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('one-run.ts', import.meta.url))],
    outfile: PROGRAM,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['better-sqlite3', 'vega', 'vega-lite', 'vega-embed'],
    banner: {
      js: 'import { createRequire as createRequireOfBundle } from "node:module";\nconst require = createRequireOfBundle(import.meta.url);',
    },
    logLevel: 'warning',
  });
}

export function removeOneRun(): void {
  rmSync(PROGRAM, { force: true });
}

/** One pair of runs, one after the other: other load on the machine hits both alike. */
export function detectionCost(
  capture: string,
  database: string,
  events: 'default' | 'all',
): DetectionCost {
  const [loadSeconds, verdictSeconds] = ['load', 'verdict'].map((what) =>
    Number(execFileSync(process.execPath, [PROGRAM, what, capture, database, events])),
  ) as [number, number];
  return { loadSeconds, verdictSeconds, added: verdictSeconds / loadSeconds - 1 };
}
