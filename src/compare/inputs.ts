/** From what the user names to runs: captures and databases, in files, folders and patterns. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { analyze } from '../analyzers/analyze.ts';
import { TraceError } from '../errors.ts';
import { isDatabaseFile, openStore } from '../store/reader.ts';
import { type Run, readRun } from './run.ts';

/** In a folder, of files with one name the first kind is taken: each is a run only once. */
const KINDS: readonly RegExp[] = [
  /\.db$/,
  /\.dat(\.(gz|xz|zst))?$/,
  /\.data(\.(gz|xz|zst))?$/,
  /\.ftrace\.txt(\.(gz|xz|zst))?$/,
  /\.(script|report)\.txt(\.(gz|xz|zst))?$/,
  /\.csv$/,
];

/**
 * The files an argument stands for: itself, the captures of a folder, or what matches a pattern the
 * shell did not resolve.
 * @throws TraceError when there is none.
 */
export function filesOf(argument: string): string[] {
  if (existsSync(argument)) {
    if (!statSync(argument).isDirectory()) return [argument];
    const files = capturesIn(argument);
    if (files.length > 0) return files;
    throw new TraceError(`${argument} holds no captures and no databases`, {
      hint: 'they are known by their endings: .db, .dat, .data, .ftrace.txt, .csv',
    });
  }
  const files = argument.includes('*') || argument.includes('?') ? matching(argument) : [];
  if (files.length > 0) return files;
  throw new TraceError(`cannot open ${argument}: no such file`);
}

function capturesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => kindOf(name) >= 0);
  const best = new Map<string, string>();
  for (const name of names.sort()) {
    const stem = name.replace(/\..*$/, '');
    const known = best.get(stem);
    if (known === undefined || kindOf(name) < kindOf(known)) best.set(stem, name);
  }
  return [...best.values()].sort(naturally).map((name) => join(folder, name));
}

function kindOf(name: string): number {
  return KINDS.findIndex((kind) => kind.test(name));
}

/** `*` and `?` within one level of folders each. */
function matching(pattern: string): string[] {
  const folder = dirname(pattern);
  const folders = /[*?]/.test(folder) ? matching(folder) : [folder];
  const name = basename(pattern).replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  const regex = new RegExp(`^${name.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return folders
    .filter((path) => existsSync(path) && statSync(path).isDirectory())
    .flatMap((path) =>
      readdirSync(path)
        .filter((entry) => regex.test(entry) && !(entry.startsWith('.') && !name.startsWith('\\.')))
        .sort(naturally)
        .map((entry) => join(path, entry)),
    );
}

/** `run-10` after `run-9`. */
export function naturally(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1);
}

/** By the numbers of kernel releases; a release candidate comes before its release. */
export function byVersion(a: string, b: string): number {
  const [first, second] = [releaseOf(a), releaseOf(b)];
  if (first.release !== second.release) return naturally(first.release, second.release);
  return first.candidate - second.candidate || naturally(a, b);
}

function releaseOf(label: string): { readonly release: string; readonly candidate: number } {
  const [, release = label, candidate] = /^(.*?)-rc(\d+)/.exec(label) ?? [];
  return { release, candidate: Number(candidate ?? Number.MAX_SAFE_INTEGER) };
}

export interface LoadOptions {
  readonly signal?: AbortSignal;
  /** Called before each file is read. */
  readonly onFile?: (path: string, done: number, of: number) => void;
}

/**
 * Reads the runs of files; captures are analysed first.
 * @throws TraceError when one of them cannot be read: leaving it out would change the verdict.
 */
export async function loadRuns(
  paths: readonly string[],
  options: LoadOptions = {},
): Promise<Run[]> {
  const runs: Run[] = [];
  const seen = new Map<string, string>();
  for (const [n, path] of paths.entries()) {
    options.onFile?.(path, n, paths.length);
    const run = isDatabaseFile(path) ? readStored(path) : await readCapture(path, options.signal);
    const twin = seen.get(run.identity);
    if (twin !== undefined) {
      throw new TraceError(`${path} and ${twin} are the same capture`, {
        hint: 'a run counts once on its side',
      });
    }
    seen.set(run.identity, path);
    runs.push(run);
  }
  return runs;
}

function readStored(path: string): Run {
  const store = openStore(path);
  try {
    return readRun(store, path);
  } finally {
    store.close();
  }
}

async function readCapture(path: string, signal: AbortSignal | undefined): Promise<Run> {
  const runs: Run[] = [];
  await analyze(path, {
    figures: false,
    ...(signal && { signal }),
    onStore: (store) => {
      runs.push(readRun(store, path));
    },
  });
  const [run] = runs;
  if (!run) throw new Error(`${path} gave no store`);
  return run;
}
