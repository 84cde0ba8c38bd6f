/** What compare, trend and bisect-step have in common: which files are the runs of which build. */
import { basename, dirname, resolve } from 'node:path';
import type { Side } from '../compare/comparison.ts';
import { filesOf, loadRuns } from '../compare/inputs.ts';
import { kernelOf, type Run } from '../compare/run.ts';
import { TraceError } from '../errors.ts';
import { startProgress } from './progress.ts';
import { listenForSignals } from './signals.ts';
import { print } from './terminal.ts';
import { writeWhole } from './write-file.ts';

/** Arguments of the commands that compare which may be given more than once. */
export const COMPARED_LISTS: readonly string[] = [
  'paths',
  'base',
  'new',
  'good',
  'bad',
  'history',
  'metric',
  'threshold',
  'allow',
];

export interface Named {
  readonly label: string;
  readonly files: readonly string[];
}

/** A group per argument that is a folder or pattern, or a group per folder of many files. */
export function groupArguments(paths: readonly string[]): Named[] {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    for (const file of filesOf(path)) {
      const folder = dirname(resolve(file));
      groups.set(folder, [...(groups.get(folder) ?? []), file]);
    }
  }
  const folders = [...groups.keys()];
  return folders.map((folder) => ({
    label: labelOf(folder, folders),
    files: groups.get(folder) ?? [],
  }));
}

/** The last part of a path that tells it from the others. */
function labelOf(folder: string, all: readonly string[]): string {
  const name = basename(folder);
  const twins = all.filter((other) => basename(other) === name);
  return twins.length > 1 ? `${basename(dirname(folder))}/${name}` : name;
}

/** One group of everything an argument list names. */
export function groupOf(label: string, paths: readonly string[]): Named {
  const files = paths.flatMap(filesOf);
  const folders = new Set(files.map((file) => dirname(resolve(file))));
  const [only] = folders;
  return { label: folders.size === 1 && only !== undefined ? basename(only) : label, files };
}

/** Reads the runs of every group, with a bar on the terminal. */
export async function loadGroups(groups: readonly Named[], quiet: boolean): Promise<Side[]> {
  const total = groups.reduce((sum, { files }) => sum + files.length, 0);
  const progress = await startProgress('reading', quiet);
  const signals = listenForSignals();
  const sides: Side[] = [];
  let done = 0;
  try {
    for (const { label, files } of groups) {
      const runs = await loadRuns(files, {
        signal: signals.signal,
        onFile: () => {
          progress.update(done / total);
          done += 1;
        },
      });
      sides.push({ label, runs });
    }
    return sides;
  } finally {
    progress.stop();
    signals.stop();
  }
}

/** A side per kernel release, in the order they are first met. */
export function byKernel(runs: readonly Run[]): Side[] {
  const kernels = new Map<string, Run[]>();
  for (const run of runs) kernels.set(kernelOf(run), [...(kernels.get(kernelOf(run)) ?? []), run]);
  return [...kernels].map(([label, of]) => ({ label, runs: of }));
}

/** `name=10%` or `name=0.1`. */
export function parseThresholds(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value, percent] = /^(.+)=([\d.]+)(%?)$/.exec(text) ?? [];
      const number = Number(value) / (percent ? 100 : 1);
      if (name === undefined || !(number > 0)) {
        throw new TraceError(`${text} is no threshold`, {
          hint: 'for example invalidation-duration=10%',
        });
      }
      return [name, number];
    }),
  );
}

/** An option that may be given several values. */
export function list(describe: string): {
  readonly type: 'string';
  readonly array: true;
  readonly default: string[];
  readonly requiresArg: true;
  readonly describe: string;
} {
  return { type: 'string', array: true, default: [], requiresArg: true, describe };
}

/** Writes to the file `json` names, or to stdout; true = stdout is taken. */
export function writeJson(json: string | undefined, value: unknown): boolean {
  if (json === undefined) return false;
  const text = `${JSON.stringify(value, null, 1)}\n`;
  if (json !== '' && json !== '-') {
    writeWhole(json, text);
    return false;
  }
  print(text);
  return true;
}
