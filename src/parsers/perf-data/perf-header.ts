import type { CaptureHeader, EventType } from '../parser.ts';
import { type EventAttribute, SAMPLE, TRACEPOINT } from './attribute.ts';
import type { PerfFile } from './perf-file.ts';

export interface PerfHeaderInput {
  readonly perf: PerfFile;
  readonly eventTypes: readonly EventType[];
  /** Time of the first event. */
  readonly base: bigint;
  readonly sizeBytes: number;
  /** CPUs seen in the records, for a file that does not say how many there are. */
  readonly cpus: number;
  /** Threads perf was told to record, -1 standing for all; undefined where the file does not say. */
  readonly threads: readonly number[] | undefined;
}

const MOST_CPUS = 8192;

/** Says in the parser's common terms what a perf.data's header says. */
export function perfHeader({
  perf,
  eventTypes,
  base,
  sizeBytes,
  cpus: seenCpus,
  threads,
}: PerfHeaderInput): CaptureHeader {
  const { facts, littleEndian, attributes } = perf;
  const clock = clockName(attributes);
  const cpus = facts.cpusAvailable ?? Math.min(MOST_CPUS, seenCpus);
  return {
    format: 'perf.data',
    version: '2',
    endian: littleEndian ? 'little' : 'big',
    clock: {
      name: clock,
      unit: 'ns',
      base,
      ...(facts.clockPair === undefined ? {} : { wall: facts.clockPair }),
    },
    cpus,
    buffers: [{ name: '', clock, cpus: Array.from({ length: cpus }, (_, cpu) => cpu) }],
    eventTypes,
    ...unameOf(perf),
    sizeBytes,
    facts: factsOf(perf, threads),
  };
}

/** What the trace clocks of the kernel call these clockid_t (include/uapi/linux/time.h). */
const CLOCKS: Readonly<Record<number, string>> = {
  0: 'realtime',
  1: 'mono',
  4: 'mono_raw',
  7: 'boot',
  11: 'tai',
};

function clockName(attributes: readonly EventAttribute[]): string {
  const id = attributes.find(({ clockId }) => clockId !== undefined)?.clockId;
  return id === undefined ? 'perf' : (CLOCKS[id] ?? `clock ${id}`);
}

function unameOf({ facts }: PerfFile): { uname?: string } {
  if (facts.osRelease === undefined) return {};
  const words = ['Linux', facts.hostname ?? '(none)', facts.osRelease, facts.arch ?? ''];
  return { uname: words.join(' ').trim() };
}

function factsOf(
  { facts, isPipe, parts, attributes }: PerfFile,
  threads: readonly number[] | undefined,
): Record<string, string> {
  const { perfVersion, commandLine, compression, clockResolution, clockPair } = facts;
  const chains = attributes.some(({ sampleType }) => (sampleType & SAMPLE.callchain) !== 0);
  const known: [string, string | undefined][] = [
    ['recorded by', perfVersion && `perf ${perfVersion}`],
    ['command line', commandLine?.join(' ')],
    [
      'mode',
      parts.length > 0 ? `directory of ${parts.length + 1} files` : isPipe ? 'pipe' : 'file',
    ],
    ['compression', compression ?? 'none'],
    ['call chains', chains ? 'recorded' : undefined],
    ['clock resolution', clockResolution ? `${clockResolution} ns` : undefined],
    ['wall clock', clockPair && `${clockPair.wall} ns at ${clockPair.clock} ns of the event clock`],
    ['per-task', perTask(attributes, threads)],
  ];
  return Object.fromEntries(
    known.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== ''),
  );
}

/**
 * perf record without -a records the events of some tasks alone. Its thread map says which; files
 * without one still say whether perf started the command itself (enable_on_exec).
 */
function perTask(
  attributes: readonly EventAttribute[],
  threads: readonly number[] | undefined,
): string | undefined {
  if (threads !== undefined && threads.length > 0) {
    const tids = threads.filter((tid) => tid !== -1);
    return tids.length === 0 ? undefined : `only threads ${tids.join(', ')} and their children`;
  }
  const isOwnCommand = attributes.some(
    ({ type, enableOnExec }) => type === TRACEPOINT && enableOnExec,
  );
  return isOwnCommand ? 'only the command perf started and its children' : undefined;
}
