/** Several inputs as one capture, their clocks aligned. */
import { realpathSync } from 'node:fs';
import { TraceError } from '../../errors.ts';
import { type OpenOptions, openInput, type ReadyInput, readyInput } from '../detect.ts';
import type { Capture } from '../parser.ts';
import { isStream } from '../unwrap/input.ts';
import { align, chooseBoots } from './align.ts';
import { findRepeats } from './repeats.ts';
import { type Scout, type Scouting, scout } from './scout.ts';
import { SeveralCapture } from './several-capture.ts';

/**
 * Opens inputs as one capture. One alone is opened as it is; of several each is read through once
 * before, to find what ties their clocks.
 * @throws TraceError when one of them cannot be read, or two of them are the same.
 */
export async function openInputs(
  paths: readonly string[],
  options: OpenOptions = {},
): Promise<Capture> {
  const [only, ...more] = paths;
  if (only === undefined) throw new TraceError('no capture was given');
  if (more.length === 0) return openInput(only, options);
  refuseRepetition(paths);
  const inputs: ReadyInput[] = [];
  const captures: Capture[] = [];
  const scouted: Capture[] = [];
  try {
    for (const path of paths) inputs.push(await readyInput(path, options));
    const scoutings: Scouting[] = [];
    for (const input of inputs) {
      options.signal?.throwIfAborted();
      const capture = input.open();
      scouted.push(capture);
      scoutings.push(await scout(capture, options.signal));
    }
    refuseSameContent(
      paths,
      scoutings.map(({ whole }) => whole),
    );
    const scouts = chooseBoots(scoutings);
    const placements = align(scouts);
    refuseTicks(paths, scouts);
    const repeats = findRepeats(scouts, placements);
    for (const input of inputs) captures.push(input.open());
    return new SeveralCapture(
      paths.map((path, n) => ({
        path,
        capture: captures[n] as Capture,
        scout: scouts[n] as Scout,
        placement: placements[n] as (typeof placements)[number],
        repeats: repeats[n] as (typeof repeats)[number],
      })),
    );
  } catch (error) {
    for (const capture of captures) capture.close();
    throw error;
  } finally {
    for (const capture of scouted) capture.close();
    for (const input of inputs) input.close();
  }
}

/** @throws TraceError */
function refuseRepetition(paths: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const place = realPath(path);
    const other = seen.get(place);
    if (other !== undefined) {
      throw new TraceError(
        other === path ? `${path} is given twice` : `${path} and ${other} are one file`,
        { hint: 'give every input once' },
      );
    }
    seen.set(place, path);
  }
}

function realPath(path: string): string {
  if (isStream(path) && path === '-') return '/dev/stdin';
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** @throws TraceError for a copy of a recording under another name. */
function refuseSameContent(paths: readonly string[], scouts: readonly Scout[]): void {
  scouts.forEach((one, n) => {
    const twin = scouts.findIndex((other, m) => m < n && isSame(one, other));
    if (twin < 0) return;
    throw new TraceError(`${paths[n]} and ${paths[twin]} hold the same recording`, {
      hint: 'give every input once',
    });
  });
}

function isSame(a: Scout, b: Scout): boolean {
  const [x, y] = [a.capture.header, b.capture.header];
  return (
    x.format === y.format &&
    x.sizeBytes === y.sizeBytes &&
    x.clock.base === y.clock.base &&
    a.last === b.last &&
    a.counts.length === b.counts.length &&
    a.counts.every((count, n) => count === b.counts[n]) &&
    ANCHORS.every((kind) => isSameText(a[kind], b[kind]))
  );
}

const ANCHORS = ['lines', 'marks', 'events'] as const;

function isSameText(a: Scout['lines'], b: Scout['lines']): boolean {
  if (a.size !== b.size) return false;
  for (const [text, moments] of a) {
    if (b.get(text)?.join() !== moments.join()) return false;
  }
  return true;
}

/** @throws TraceError for ticks of unknown length beside nanoseconds. */
function refuseTicks(paths: readonly string[], scouts: readonly Scout[]): void {
  const units = scouts.map(({ capture }) => capture.header.clock.unit);
  // the order of the lines is all some logs tell, and their lines are compared with nothing
  const n = scouts.findIndex(
    ({ capture: { header } }) => header.clock.unit === 'ticks' && !header.isLog,
  );
  if (n < 0 || !units.includes('ns')) return;
  throw new TraceError(
    `${paths[n]} counts ticks of unknown length: it cannot stand beside ${paths[units.indexOf('ns')]}`,
    { hint: 'analyse it alone' },
  );
}
