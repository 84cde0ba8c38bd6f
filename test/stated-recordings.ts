/**
 * What is stated of the recordings in a folder: its expected.json, made by an independent program, and
 * test/expected-recordings.json, put down from what the loads themselves wrote.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ExpectedCapture, ExpectedEntry } from './expected.ts';

export interface StatedRecording {
  /** Of its golden text where there is one, else of the capture. */
  readonly name: string;
  /** What happens in it, one sentence. */
  readonly load: string;
  readonly wanted: ExpectedCapture;
}

/** The capture, or the text that its recorder makes of it. */
export type Form = 'capture' | 'text';

interface Statements {
  /** By name of the load, or its beginning. */
  readonly loads: Readonly<Record<string, string>>;
  readonly recordings: Readonly<
    Record<string, Partial<Record<'must' | 'may', readonly Partial<ExpectedEntry>[]>>>
  >;
}

const OWN = JSON.parse(
  readFileSync(new URL('expected-recordings.json', import.meta.url), 'utf8'),
) as Statements;

export function statedRecordings(folder: string): StatedRecording[] {
  const given = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
    string,
    ExpectedCapture
  >;
  const own = Object.entries(OWN.recordings)
    .filter(([name]) => given[name] === undefined)
    .map(([name, { must = [], may = [] }]): [string, ExpectedCapture] => [
      name,
      { must: must.map(complete), may: may.map(complete), must_not: [] },
    ]);
  return [...Object.entries(given), ...own]
    .map(([name, wanted]) => ({ name, load: loadOf(name), wanted }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function complete(entry: Partial<ExpectedEntry>): ExpectedEntry {
  const { detector = '', key = {}, why = '' } = entry;
  return { confidence: null, magnitude: {}, t0: null, t1: null, ...entry, detector, key, why };
}

/** `c612-perf-stall/…` is `stall`, `regression/c612-a/reg-a-1…` is `reg-`. */
function loadOf(name: string): string {
  const [folder = '', run = ''] = name.split('/');
  const load =
    folder === 'regression' ? `reg-${run}` : folder.replace(/^[a-z]+\d+[a-z]*-(perf\d*-)?/, '');
  const [best = ''] = Object.keys(OWN.loads)
    .filter((one) => load.startsWith(one))
    .sort((a, b) => b.length - a.length);
  const sentence = OWN.loads[best];
  if (sentence === undefined) throw new Error(`nothing says what happens in ${name}`);
  return sentence;
}

/** The captures of a folder, unpacked where they are packed. */
export class CaptureFolder {
  readonly #folder: string;
  readonly #scratch = mkdtempSync(join(tmpdir(), 'check-expected-'));

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** By the name of its golden text; undefined where that form is not there. */
  find(name: string, form: Form): string | undefined {
    const text = name.replace(/\.gz$/, '');
    const capture = text
      .replace(/\.report\.txt$/, '.dat')
      .replace(/\.script(-ns)?\.txt$/, '.perf.data');
    const isText = capture.endsWith('.txt');
    if (form === 'text') return capture === text && !isText ? undefined : this.open(text);
    return this.open(capture);
  }

  open(name: string): string | undefined {
    const path = join(this.#folder, name);
    if (existsSync(path)) return path;
    if (!existsSync(`${path}.gz`)) return undefined;
    const copy = join(this.#scratch, basename(name));
    writeFileSync(copy, gunzipSync(readFileSync(`${path}.gz`)));
    return copy;
  }

  close(): void {
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}
