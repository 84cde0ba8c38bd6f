/** From a capture to a finished store and its Result. */
import { existsSync, realpathSync } from 'node:fs';
import { TraceError } from '../errors.ts';
import { givenKinds } from '../kernel/catalogue.ts';
import type { OccurrenceKind } from '../kernel/occurrence.ts';
import type { OpenOptions } from '../parsers/detect.ts';
import type { Capture } from '../parsers/parser.ts';
import { openInputs } from '../parsers/several/open-inputs.ts';
import { captureIdentity } from '../store/identity.ts';
import { isDatabaseFile, openStore, StoreReader } from '../store/reader.ts';
import { SCHEMA_VERSION } from '../store/schema.ts';
import { storeError } from '../store/store-error.ts';
import { StoreWriter } from '../store/writer.ts';
import { VERSION } from '../version.ts';
import { buildFigures, buildResult, type Verdicts } from './build-result.ts';
import { completeFindings } from './complete-findings.ts';
import type { Detector } from './detector.ts';
import { detectors } from './detectors/index.ts';
import { buildLifetimes } from './drawn-lifetimes.ts';
import { capturePrinter, type EventPrinter, storedPrinter } from './event-printer.ts';
import { explainFindings } from './explain-findings.ts';
import { pathOf } from './inputs.ts';
import { lifetimes } from './lifetimes/index.ts';
import { metrics } from './metrics/index.ts';
import { countFindings, measureMetrics } from './metrics/measure.ts';
import { Pass } from './pass.ts';
import { createRecognition } from './recognition.ts';
import { NO_FIGURES, type Result } from './result.ts';
import { runDetectors } from './run-detectors.ts';
import { type Limits, limitsOf, type ThresholdSettings } from './threshold.ts';
import { createView } from './view.ts';
import { writeCapture, writeEventTypes, writeOccurrences } from './write-facts.ts';
import { writeEventTexts, writeVerdicts } from './write-verdicts.ts';

export interface AnalyzeOptions extends Pick<OpenOptions, 'finish' | 'onStream'> {
  /** Where to keep the database; without it there is none afterwards. */
  readonly db?: string;
  /** `default` stores the events the kernel catalogue knows and counts the rest. */
  readonly events?: 'default' | 'all';
  /** Loads the capture even if the database at `db` was made from it. */
  readonly force?: boolean;
  /** A detector that throws ends the analysis instead of having the outcome `error`. */
  readonly strict?: boolean;
  /**
   * False leaves timeline, objects and distributions of the Result empty: whoever only wants the
   * verdict gets it sooner.
   */
  readonly figures?: boolean;
  /** Aborting it leaves no database behind. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the complete store, which may be gone afterwards. */
  readonly onStore?: (store: StoreReader) => void;
  /** Called now and then with the part of the capture that is read, 0 to 1. */
  readonly onProgress?: (part: number) => void;
  /** Numbers to judge by instead of the detectors' own, by detector and name. */
  readonly thresholds?: ThresholdSettings;
  /** Other detectors than the registered ones. */
  readonly detectors?: readonly Detector[];
}

export interface Analysis {
  readonly result: Result;
  /** The database was there already and the capture was not read again. */
  readonly reused: boolean;
}

/**
 * Analyses a capture, of one input or several, or runs the detectors again over the database of an
 * earlier analysis.
 * @throws TraceError when the capture cannot be read or the database cannot be written.
 */
export async function analyze(
  given: string | readonly string[],
  options: AnalyzeOptions = {},
): Promise<Analysis> {
  // a mistake in them is told before a long capture is read
  limitsFor(options);
  const paths = typeof given === 'string' ? [given] : given;
  const database = paths.find((path) => isDatabaseFile(path));
  if (database !== undefined) {
    if (paths.length === 1) return { result: analyzeStore(database, options), reused: true };
    throw new TraceError(`${database} is a database: it stands alone`, {
      hint: 'give the captures it was made from',
    });
  }
  const { db } = options;
  const settings = settingsOf(options);
  if (db !== undefined && existsSync(db)) {
    if (paths.some((path) => isSameFile(db, path))) {
      throw new TraceError(`${db} is the capture itself`, { hint: 'give another -o path' });
    }
    if (!options.force && isCurrent(db, paths, settings)) {
      return { result: analyzeStore(db, options), reused: true };
    }
    refuseForeignFile(db, options.force === true);
  }
  const { signal, finish, onStream } = options;
  const capture = await openInputs(paths, { signal, finish, onStream });
  try {
    refuseSeveralBoots(capture);
    return { result: await analyzeCapture(paths, capture, options), reused: false };
  } finally {
    capture.close();
  }
}

/**
 * Threads of two boots have the same numbers, and fences the same names: recordings of both in one
 * model would be mixed up. A log of another boot has neither.
 * @throws TraceError
 */
function refuseSeveralBoots({ header }: Capture): void {
  const recordings = (header.inputs ?? []).filter(({ isLog, buffers: { first, length } }) => {
    const buffers = header.buffers.slice(first, first + length);
    return !isLog && buffers.some(({ cpus }) => cpus.length > 0);
  });
  const [one] = recordings;
  const other = recordings.find(({ boot }) => boot !== one?.boot);
  if (!one || !other) return;
  const why =
    other.alignment.how === 'host' ? 'they are a guest and its host' : other.alignment.reason;
  throw new TraceError(`${other.path} and ${one.path} cannot be analysed together: ${why}`, {
    hint: 'analyse each alone; svm-trace events prints both, and info says what ties them',
  });
}

/** What makes another database of the same capture. */
function settingsOf(options: AnalyzeOptions): string {
  const { events = 'default', thresholds = {} } = options;
  return JSON.stringify({ events, ...(Object.keys(thresholds).length > 0 && { thresholds }) });
}

/**
 * Analyses an opened capture; `given` are the files its identity is taken from. The capture stays open.
 * @throws TraceError when the database cannot be written.
 */
export async function analyzeCapture(
  given: string | readonly string[],
  capture: Capture,
  options: AnalyzeOptions = {},
): Promise<Result> {
  const { header } = capture;
  const tables = lifetimes.flatMap((lifetime) => lifetime.tables);
  const writer = new StoreWriter(options.db, header.eventTypes, tables);
  try {
    const recognition = createRecognition(capture);
    const pass = new Pass(capture, writer, recognition, lifetimes, options.events === 'all');
    const { onProgress } = options;
    await pass.run({
      signal: options.signal,
      onProgress: onProgress && ((bytes) => onProgress(Math.min(1, bytes / header.sizeBytes))),
    });
    const paths = typeof given === 'string' ? [given] : given;
    const facts = {
      path: pathOf(paths),
      identity: identityOf(paths),
      options: settingsOf(options),
    };
    writeCapture(writer, capture, facts, recognition);
    writeEventTypes(writer, capture, (type) => pass.selected(type));
    const running = options.detectors ?? detectors;
    writeOccurrences(writer, kindsOf(running), recognition.observed, (kind) =>
      recognition.possible(kind),
    );
    writer.loaded();
    const store = new StoreReader(writer.db);
    const printer = capturePrinter(capture);
    const verdicts = judge(store, printer, options);
    const figures = options.figures ?? true;
    const kept = options.db !== undefined || options.onStore !== undefined;
    writeVerdicts(
      writer,
      verdicts,
      kept
        ? [...measureMetrics(store), ...countFindings(store, verdicts.runs, verdicts.findings)]
        : [],
    );
    const drawn = figures ? buildFigures(store, verdicts.findings, printer) : NO_FIGURES;
    if (kept) {
      // at least what happened to the objects of findings can be written out again without the capture
      const texts = figures
        ? drawn.lifetimes
        : buildLifetimes(store, [], verdicts.findings, printer);
      writeEventTexts(writer, texts);
    }
    const result = buildResult(store, verdicts, drawn);
    writer.flush();
    options.onStore?.(store);
    writer.finish();
    return result;
  } catch (error) {
    throw storeError(error, options.db ?? 'the temporary database');
  } finally {
    writer.abort();
  }
}

/** The detectors over a finished store; the store itself is not changed. */
function analyzeStore(path: string, options: AnalyzeOptions): Result {
  const store = openStore(path);
  try {
    const printer = storedPrinter(store);
    const { runs, findings } = judge(store, printer, options);
    const figures = options.figures === false ? NO_FIGURES : buildFigures(store, findings, printer);
    return buildResult(store, { runs, findings }, figures);
  } finally {
    store.close();
  }
}

/** How the detectors end, and what they find, with its evidence and its chains of causes. */
function judge(store: StoreReader, printer: EventPrinter, options: AnalyzeOptions): Verdicts {
  const running = options.detectors ?? detectors;
  const limits = limitsFor(options);
  const found = runDetectors(
    (runs) => createView(store, runs, limits),
    running,
    options.strict ?? false,
  );
  const findings = completeFindings(found.findings, store, printer);
  const view = createView(store, found.runs, limits);
  return { runs: found.runs, findings: explainFindings(findings, view, store, printer) };
}

function limitsFor({ thresholds = {}, detectors: running = detectors }: AnalyzeOptions): Limits {
  return limitsOf(
    thresholds,
    running.map(({ meta }) => meta),
  );
}

/** The kinds detectors and metrics ask for, and those that rules of the user may ask for later. */
function kindsOf(running: readonly Detector[]): OccurrenceKind[] {
  return [
    ...givenKinds,
    ...running.flatMap(({ meta }) => [...meta.needs, ...meta.uses].flatMap((need) => need.oneOf)),
    ...metrics.flatMap((metric) => metric.needs.flat()),
  ];
}

function identityOf(paths: readonly string[]): string {
  return paths.map((path) => captureIdentity(path)).join(' ');
}

function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

/** Whether the store at `db` is what analysing `paths` now would give. */
function isCurrent(db: string, paths: readonly string[], settings: string): boolean {
  try {
    const store = openStore(db);
    try {
      const [row] = store.all<{
        identity: string;
        options: string;
        tool_version: string;
        schema_version: number;
      }>('SELECT identity, options, tool_version, schema_version FROM capture');
      return (
        row?.identity === identityOf(paths) &&
        row.options === settings &&
        row.tool_version === VERSION &&
        row.schema_version === SCHEMA_VERSION
      );
    } finally {
      store.close();
    }
  } catch {
    return false;
  }
}

/** A mistyped -o must not cost the user a file. */
function refuseForeignFile(db: string, force: boolean): void {
  if (force || isDatabaseFile(db)) return;
  throw new TraceError(`${db} exists and is no database`, {
    hint: 'give another -o path, or --force to overwrite it',
  });
}
