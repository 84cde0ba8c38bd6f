import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileSource } from '../trace-dat/byte-reader.ts';

/** What `perf record --threads` calls the files of a directory (tools/perf/util/data.c). */
const MAIN = 'data';
const PART = /^data\.(\d+)$/;

/** The files beside the `data` of a directory, in the order of their numbers. */
export function openParts(path: string): FileSource[] {
  if (basename(path) !== MAIN) return [];
  const folder = dirname(path);
  return numbersIn(folder).map((number) => new FileSource(join(folder, `${MAIN}.${number}`)));
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .flatMap((name) => PART.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}
