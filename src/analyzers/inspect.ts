/** What a capture holds and which detectors could use it, without analysing it. */
import { TraceError } from '../errors.ts';
import type { Recogniser } from '../kernel/recognise.ts';
import type { OpenOptions } from '../parsers/detect.ts';
import type { Capture } from '../parsers/parser.ts';
import { openInputs } from '../parsers/several/open-inputs.ts';
import { isDatabaseFile } from '../store/reader.ts';
import type { DetectorMeta, Need } from './detector.ts';
import { detectors } from './detectors/index.ts';
import { inputsOf, pathOf, resultInput } from './inputs.ts';
import { createRecognition, lastMoment, type Recognition } from './recognition.ts';
import type { Result, ResultCapture } from './result.ts';
import { missingNeeds } from './run-detectors.ts';

export interface Inspection {
  readonly capture: ResultCapture;
  readonly losses: Result['losses'];
  readonly problems: Result['problems'];
  readonly detectors: readonly {
    readonly meta: DetectorMeta;
    /** Needs the capture does not meet; empty = the detector can run. */
    readonly missing: readonly Need[];
    /** What would sharpen its verdicts and was not recorded. */
    readonly blunt: readonly Need[];
  }[];
}

/** @throws TraceError when the capture cannot be read. */
export async function inspect(
  given: string | readonly string[],
  onProgress?: (part: number) => void,
  options: OpenOptions = {},
): Promise<Inspection> {
  const paths = typeof given === 'string' ? [given] : given;
  for (const path of paths) {
    if (!isDatabaseFile(path)) continue;
    throw new TraceError(`${path} is a database, not a capture`, {
      hint: 'svm-trace report, query and analyze read databases',
    });
  }
  const capture = await openInputs(paths, options);
  try {
    const recognition = createRecognition(capture);
    readAll(capture, recognition, onProgress);
    const missing = (needs: readonly Need[]) =>
      missingNeeds(needs, (kind) => recognition.possible(kind));
    return {
      capture: describeCapture(paths, capture, (index) => {
        const type = capture.header.eventTypes[index];
        return type !== undefined && recognition.select(type) === 'rows';
      }),
      losses: capture.losses.map(({ buffer, ...loss }) => ({
        ...loss,
        buffer: capture.header.buffers[buffer]?.name ?? '',
      })),
      problems: [...capture.problems],
      detectors: detectors.map(({ meta }) => ({
        meta,
        missing: missing(meta.needs),
        blunt: missing(meta.uses),
      })),
    };
  } finally {
    capture.close();
  }
}

function readAll(
  capture: Capture,
  recognition: Recognition,
  onProgress: ((part: number) => void) | undefined,
): void {
  const batches = capture.batches({
    select: (type) => recognition.select(type),
    onProgress: (bytes) => onProgress?.(Math.min(1, bytes / capture.header.sizeBytes)),
  });
  for (const batch of batches) {
    for (let i = 0; i < batch.length; i += 1) {
      const type = capture.header.eventTypes[batch.type[i] ?? -1];
      if (!type) continue;
      const buffer = batch.buffer[i] ?? 0;
      const boot = recognition.boots[recognition.bootOf[buffer] ?? 0];
      const moment = {
        event: batch.id[i] ?? 0,
        ts: batch.ts[i] ?? 0,
        cpu: batch.cpu[i] ?? 0,
        tid: batch.tid[i] ?? 0,
      };
      boot?.recogniser.recognise(type, batch.fields(i), moment, buffer);
      takeAll(boot?.recogniser);
    }
  }
  for (const { recogniser } of recognition.boots) {
    recogniser.flush();
    takeAll(recogniser);
  }
}

/** Records of a log are put together as their lines come; here they only count. */
function takeAll(recogniser: Recogniser | undefined): void {
  while (recogniser?.next() !== undefined);
}

function describeCapture(
  paths: readonly string[],
  capture: Capture,
  selected: (typeIndex: number) => boolean,
): ResultCapture {
  const { header, counts } = capture;
  const { clock } = header;
  const path = pathOf(paths);
  return {
    path,
    inputs: inputsOf(capture, path).map(resultInput),
    format: header.format,
    version: header.version,
    endian: header.endian,
    sizeBytes: header.sizeBytes,
    uname: header.uname ?? null,
    clock: {
      name: clock.name,
      unit: clock.unit,
      base: String(clock.base),
      ...(clock.converted === undefined ? {} : { converted: clock.converted }),
    },
    cpus: header.cpus,
    buffers: header.buffers,
    facts: header.facts,
    durationNs: lastMoment(capture),
    events: counts.reduce((sum, count) => sum + count.events, 0),
    eventTypes: header.eventTypes.map(({ system, name, index }) => ({
      system,
      name,
      events: counts[index]?.events ?? 0,
      first: counts[index]?.first ?? null,
      last: counts[index]?.last ?? null,
      selected: selected(index),
    })),
  };
}
