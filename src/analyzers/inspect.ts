/** What a capture holds and which detectors could use it, without analysing it. */
import { TraceError } from '../errors.ts';
import type { Recogniser } from '../kernel/recognise.ts';
import type { OpenOptions } from '../parsers/detect.ts';
import type { Capture, LineCounts } from '../parsers/parser.ts';
import { openInputs } from '../parsers/several/open-inputs.ts';
import { isDatabaseFile } from '../store/reader.ts';
import type { DetectorMeta, Need } from './detector.ts';
import { detectors } from './detectors/index.ts';
import { inputsOf, pathOf, resultInput } from './inputs.ts';
import { wordsOf } from './need-words.ts';
import { createRecognition, lastMoment, type Recognition } from './recognition.ts';
import type { Result, ResultCapture } from './result.ts';
import { missingNeeds } from './run-detectors.ts';

/** Something that was not recorded, and what would record it. */
export interface NamedNeed extends Need {
  /** In words a user knows. */
  readonly what: string;
}

export interface Inspection {
  readonly capture: ResultCapture;
  /** Of each input that is a text. */
  readonly lines: readonly (LineCounts & { readonly path: string })[];
  /** What weakens the verdicts of all detectors, one sentence each. */
  readonly doubts: readonly string[];
  readonly losses: Result['losses'];
  readonly problems: Result['problems'];
  readonly detectors: readonly {
    readonly meta: DetectorMeta;
    /** Needs the capture does not meet; empty = the detector can run. */
    readonly missing: readonly NamedNeed[];
    /** What would sharpen its verdicts and was not recorded. */
    readonly blunt: readonly NamedNeed[];
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
    tryPrinting(capture);
    const missing = (needs: readonly Need[]) =>
      missingNeeds(needs, (kind) => recognition.possible(kind)).map(named);
    return {
      capture: describeCapture(paths, capture, (index) => {
        const type = capture.header.eventTypes[index];
        return type !== undefined && recognition.select(type) === 'rows';
      }),
      lines: inputsOf(capture, pathOf(paths)).flatMap(({ path, lines }) =>
        lines ? [{ path, ...lines }] : [],
      ),
      doubts: doubtsOf(capture),
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

function named({ oneOf, enable }: Need): NamedNeed {
  return { what: wordsOf(oneOf), oneOf, enable };
}

/** Print formats that cannot be parsed become problems. */
function tryPrinting(capture: Capture): void {
  for (const type of capture.header.eventTypes) {
    if ((capture.counts[type.index]?.events ?? 0) > 0) capture.print(type, {}, 'no-plugins');
  }
}

function doubtsOf({ header, losses, problems }: Capture): string[] {
  const doubts: string[] = [];
  if (header.clock.unit === 'ticks') {
    doubts.push(
      'no duration is judged: the times are ticks of unknown length, or only an order (record with -C mono)',
    );
  }
  const perTask = header.facts['per-task'];
  if (perTask !== undefined) {
    doubts.push(
      `"never" is not said of anything: ${perTask} were recorded (record the whole machine, perf record -a)`,
    );
  }
  if (losses.length > 0) {
    doubts.push(
      'what was alive while events were lost is at most likely, and "never" only suspected (record with larger buffers, trace-cmd record -b)',
    );
  }
  if (problems.some(({ severity }) => severity === 'data-loss')) {
    doubts.push('parts of the recording were not read (see above), so "never" is only suspected');
  }
  return doubts;
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
