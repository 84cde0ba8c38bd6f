/** The inputs of a capture and the alignment of their clocks, in words. */
import type { ResultCapture, ResultInput } from '../analyzers/result.ts';
import { firstStamp } from './event-line.ts';
import { formatBytes, type TimeFormat } from './units.ts';

const SECOND = 1_000_000_000n;

/** Without the folders of the path: they are the reporter's own business. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path;
}

/**
 * The same with nothing but the names of its files, and as much of their folders as tells them apart:
 * what people send each other says nothing of where they keep it.
 */
export function withoutFolders(capture: ResultCapture): ResultCapture {
  const inputs = capture.inputs.map((input) => ({ ...input, path: shortest(input.path, capture) }));
  return { ...capture, path: fileName(capture.path), inputs };
}

function shortest(path: string, { inputs }: ResultCapture): string {
  const name = fileName(path);
  const isAlone = inputs.filter((input) => fileName(input.path) === name).length === 1;
  return isAlone ? name : path.split(/[\\/]/).slice(-2).join('/');
}

/** One row for each input; the one of a capture that is one input needs no more than its name. */
export function inputRows({ inputs, clock }: ResultCapture): [string, string][] {
  return inputs.map((input, n) => [
    n > 0 ? '' : inputs.length > 1 ? 'Captures' : 'Capture',
    `${inputName(input)} (${inputFormat(input)})${inputs.length > 1 ? `: ${alignment(input, clock.unit)}` : ''}`,
  ]);
}

/** Relative ns: when it was recorded what happens. A log beside a recording tells of days. */
export function recordedSpan({ inputs, durationNs }: ResultCapture): { from: number; to: number } {
  const recordings = inputs.filter(({ isLog }) => !isLog);
  if (recordings.length === 0 || inputs.length === 1) return { from: 0, to: durationNs };
  return {
    from: Math.min(...recordings.map(({ from }) => from)),
    to: Math.max(...recordings.map(({ to }) => to)),
  };
}

/** `918.6 ms from 4.522078462 s`. */
export function recordedText(capture: ResultCapture, time: TimeFormat): string {
  const { from, to } = recordedSpan(capture);
  const base = String(BigInt(capture.clock.base) + BigInt(Math.round(from)));
  return `${time.duration(to - from)} from ${firstStamp({ ...capture.clock, base })}`;
}

/** `journal.txt, boot 3`. */
export function inputName({ path, part }: ResultInput): string {
  return part === null ? path : `${path}, ${part}`;
}

/** `trace.dat 7, 17 KiB`. */
export function inputFormat({ format, version, sizeBytes }: ResultInput): string {
  return `${[format, version].filter(Boolean).join(' ')}, ${formatBytes(sizeBytes)}`;
}

/** Whether its times can be compared with those of the reference. */
export function isAligned({ errorNs }: ResultInput): boolean {
  return errorNs !== null;
}

/** `clock printk, moved by +39.637000 ms ± 0.101 ms: 12 console lines in both`. */
export function alignment(input: ResultInput, unit: 'ns' | 'ticks'): string {
  const clock = `clock ${input.clock}`;
  if (input.aligned === 'reference') return `${clock}, the reference`;
  if (!isAligned(input)) {
    return `${clock}, NOT ALIGNED and analysed apart: ${input.reason}`;
  }
  const offset = signedOffset(BigInt(input.offsetNs));
  const by =
    unit === 'ticks'
      ? `${input.offsetNs} ± ${input.errorNs} ticks`
      : `${offset} ± ${milliseconds(input.errorNs ?? 0)}`;
  return `${clock}, moved by ${by}: ${input.reason}`;
}

function signedOffset(ns: bigint): string {
  const sign = ns < 0n ? '-' : '+';
  const size = ns < 0n ? -ns : ns;
  if (size < SECOND) return `${sign}${milliseconds(Number(size))}`;
  return `${sign}${size / SECOND}.${String(size % SECOND).padStart(9, '0')} s`;
}

/** To the microsecond: the error of an alignment is rarely less. */
function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(3)} ms`;
}
