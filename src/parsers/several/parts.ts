/** The inputs of a capture of several, and what its header says of them. */
import { basename } from 'node:path';
import type { Capture, CaptureBuffer, CaptureHeader, CaptureInput } from '../parser.ts';
import type { Placement } from './align.ts';
import type { Repeats } from './repeats.ts';
import type { Scout } from './scout.ts';

/** One input of several, opened, with what was found out about it. */
export interface Part {
  readonly path: string;
  readonly capture: Capture;
  readonly scout: Scout;
  readonly placement: Placement;
  readonly repeats: Repeats;
}

export interface PlacedPart extends Part {
  /** How the user knows it: its file name, or its path where two files have one name. */
  readonly label: string;
  readonly input: CaptureInput;
  /** Lines left out as another input has them. */
  repeatedLines: number;
}

export function place(parts: readonly Part[]): PlacedPart[] {
  let buffers = 0;
  let types = 0;
  return parts.map((part) => {
    const { header } = part.capture;
    const { alignment, boot } = part.placement;
    const uname = parts.find(
      (other) => other.placement.boot === boot && other.capture.header.uname !== undefined,
    )?.capture.header.uname;
    const input: CaptureInput = {
      path: part.path,
      format: header.format,
      version: header.version,
      sizeBytes: header.sizeBytes,
      clock: header.clock.name,
      ...partOf(part),
      first: part.scout.first + part.placement.shift,
      last: part.scout.last + part.placement.shift,
      buffers: { first: buffers, length: header.buffers.length },
      types: { first: types, length: header.eventTypes.length },
      isLog: header.isLog ?? false,
      boot,
      ...(uname === undefined ? {} : { uname }),
      ...(header.lines ? { lines: header.lines } : {}),
      alignment,
    };
    buffers += header.buffers.length;
    types += header.eventTypes.length;
    return { ...part, label: labelOf(part, parts), input, repeatedLines: 0 };
  });
}

function partOf({ capture, scout: { buffer } }: Part): { part?: string } {
  const name = buffer === undefined ? undefined : capture.header.buffers[buffer]?.name;
  return name === undefined ? {} : { part: name };
}

function labelOf({ path }: Part, parts: readonly Part[]): string {
  const name = basename(path);
  return parts.filter((part) => basename(part.path) === name).length > 1 ? path : name;
}

export function headerOf(parts: readonly PlacedPart[]): CaptureHeader {
  const reference = (parts.find(({ input }) => input.alignment.how === 'reference') ??
    parts[0]) as PlacedPart;
  const { header } = reference.capture;
  const { wall: _, ...clock } = header.clock;
  const formats = [...new Set(parts.map(({ input }) => input.format))];
  return {
    format: formats.join(' + '),
    version: formats.length === 1 ? header.version : '',
    endian: header.endian,
    // its first event need not be the first of all
    clock: { ...clock, base: clock.base - BigInt(reference.placement.shift) },
    cpus: Math.max(...parts.map(({ capture }) => capture.header.cpus)),
    buffers: parts.flatMap(buffersOf),
    eventTypes: parts.flatMap(({ capture, input }) =>
      capture.header.eventTypes.map((type) => ({
        ...type,
        index: type.index + input.types.first,
      })),
    ),
    ...(header.uname === undefined ? {} : { uname: header.uname }),
    sizeBytes: parts.reduce((sum, { input }) => sum + input.sizeBytes, 0),
    facts: Object.assign({}, ...parts.map((part) => factsOf(part, reference))),
    inputs: parts.map(({ input }) => input),
  };
}

/** Named by the input; the top buffer of the reference has no name, as without the others. */
function buffersOf({ capture, label, input }: PlacedPart): CaptureBuffer[] {
  return capture.header.buffers.map((buffer) => {
    if (input.alignment.how === 'reference') return buffer;
    return { ...buffer, name: buffer.name === '' ? label : `${label}:${buffer.name}` };
  });
}

/** What decides how the whole is read keeps its name, whichever input says it. */
const DECISIVE: ReadonlySet<string> = new Set(['per-task']);

function factsOf({ capture, label }: PlacedPart, reference: PlacedPart): Record<string, string> {
  const { facts } = capture.header;
  if (capture === reference.capture) return { ...facts };
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      DECISIVE.has(name) ? name : `${label}: ${name}`,
      value,
    ]),
  );
}
