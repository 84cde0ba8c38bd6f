import type { Capture, CaptureInput } from '../parsers/parser.ts';
import { lastMoment } from './recognition.ts';
import type { ResultInput } from './result.ts';

/** What a capture was put together from; a capture that is one input is its own reference. */
export function inputsOf(capture: Capture, path: string): readonly CaptureInput[] {
  const { header } = capture;
  if (header.inputs) return header.inputs;
  const { format, version, sizeBytes, clock, buffers, eventTypes, uname, lines } = header;
  return [
    {
      path,
      format,
      version,
      sizeBytes,
      clock: clock.name,
      first: 0,
      last: lastMoment(capture),
      buffers: { first: 0, length: buffers.length },
      types: { first: 0, length: eventTypes.length },
      isLog: header.isLog ?? false,
      boot: 0,
      ...(uname === undefined ? {} : { uname }),
      ...(lines ? { lines } : {}),
      alignment: { how: 'reference', offset: 0n, error: 0, anchors: 0, reason: 'the only input' },
    },
  ];
}

export function resultInput(input: CaptureInput): ResultInput {
  const { path, part, format, version, sizeBytes, clock, isLog, boot, uname, alignment } = input;
  const { how, offset, error, anchors, reason } = alignment;
  return {
    path,
    part: part ?? null,
    format,
    version,
    sizeBytes,
    from: input.first,
    to: input.last,
    uname: uname ?? null,
    clock,
    isLog,
    boot,
    aligned: how,
    offsetNs: String(offset),
    errorNs: error ?? null,
    anchors,
    reason,
  };
}

/** The inputs of a capture as its path: how they were given. */
export function pathOf(paths: readonly string[]): string {
  return paths.join(' + ');
}
