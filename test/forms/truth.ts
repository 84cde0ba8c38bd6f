/** What a load program itself saw (`*.truth.txt`), as a statement of the objects a capture must show. */

export interface Job {
  readonly context: number;
  readonly seqno: number;
  readonly tid: number;
  readonly delayMs: number;
  /** Nothing will ever signal its fence. */
  readonly never: boolean;
  /** It completes with an error. */
  readonly failed: boolean;
}

export interface Fault {
  readonly tid: number;
  readonly ret: number;
  readonly retries: number;
  readonly ms: number;
}

/** A change of the mapping a device uses, while a job ran on it. */
export interface Change {
  readonly call: string;
  readonly ms: number;
  /** The job submitted last before it. */
  readonly job: Job;
}

export interface Truth {
  /** The load without what differs from run to run: recordings of one load share it. */
  readonly load: string;
  readonly bound: readonly { readonly start: number; readonly end: number }[];
  readonly jobs: readonly Job[];
  readonly faults: readonly Fault[];
  readonly changes: readonly Change[];
  /** Threads that were killed or exited on purpose, and how many of their fences were pending. */
  readonly deaths: readonly { readonly tid: number; readonly pending: number | undefined }[];
  readonly deviceFaults: { readonly pasid: number; readonly count: number } | undefined;
  /** Reads and writes of test_hmm: each needs a range fault at most. */
  readonly accesses: number;
  /** Calls that failed with -EBUSY as the time for retries was over; undefined where none is counted. */
  readonly timeouts: number | undefined;
  /** Other threads change the mappings all the time. */
  readonly isDisturbed: boolean;
  /** Every line was understood: what else a capture shows is not of this load. */
  readonly isWhole: boolean;
}

// 14.484555 pid=286 tid=286 submit context=1 seqno=1 delay=20ms
const LINE = /^\s*[\d.]+ pid=\d+ tid=(\d+) (.*)$/;

export function readTruth(text: string): Truth {
  const truth = {
    bound: [] as { start: number; end: number }[],
    jobs: [] as Job[],
    faults: [] as Fault[],
    changes: [] as Change[],
    deaths: [] as { tid: number; pending: number | undefined }[],
    deviceFaults: undefined as Truth['deviceFaults'],
    accesses: 0,
    timeouts: undefined as number | undefined,
    isDisturbed: false,
    isWhole: true,
  };
  const steps = new Set<string>();
  for (const line of text.split('\n')) {
    const [, tid, said = ''] = LINE.exec(line) ?? [];
    if (tid === undefined) continue;
    steps.add(said.replaceAll(/-?(0x[0-9a-f]+|\d+(\.\d+)?)/g, 'N'));
    if (!read(said, Number(tid), truth)) truth.isWhole = false;
  }
  // another program's truth, in which nothing is said that is understood here
  if (steps.size === 0) truth.isWhole = false;
  return { load: [...steps].join('; '), ...truth };
}

type Draft = {
  -readonly [K in keyof Omit<Truth, 'load'>]: Truth[K] extends readonly (infer T)[]
    ? T[]
    : Truth[K];
};

type Reader = (found: readonly string[], tid: number, truth: Draft) => void;

/** What the load programs say, and what it states. */
const SAYINGS: readonly (readonly [RegExp, Reader])[] = [
  [
    /^bound (0x[0-9a-f]+)-(0x[0-9a-f]+)$/,
    ([start, end], _, truth) => truth.bound.push({ start: Number(start), end: Number(end) }),
  ],
  [
    /^submit context=(\d+) seqno=(\d+) delay=(\d+)ms(?: (never|error))?$/,
    ([context, seqno, delay, end], tid, truth) =>
      truth.jobs.push({
        context: Number(context),
        seqno: Number(seqno),
        tid,
        delayMs: Number(delay),
        never: end === 'never',
        failed: end === 'error',
      }),
  ],
  [
    /^fault .* ret=(-?\d+) retries=(\d+) took ([\d.]+) ms$/,
    (found, tid, truth) => {
      const [ret = 0, retries = 0, ms = 0] = found.map(Number);
      truth.faults.push({ tid, ret, retries, ms });
    },
  ],
  [
    /^(mprotect|munmap) took ([\d.]+) ms$/,
    ([call = '', ms], _, truth) => {
      const job = truth.jobs.at(-1);
      if (job) truth.changes.push({ call, ms: Number(ms), job });
    },
  ],
  [
    /^dies with (\d+) fences pending$/,
    ([pending], tid, truth) => truth.deaths.push({ tid, pending: Number(pending) }),
  ],
  [/^exits$/, (_, tid, truth) => truth.deaths.push({ tid, pending: undefined })],
  [
    /^pasid=(\d+): (\d+) device faults every \d+ ms$/,
    ([pasid, count], _, truth) => {
      truth.deviceFaults = { pasid: Number(pasid), count: Number(count) };
    },
  ],
  [
    /^dmirror (?:read|write) ok=(\d+) err=(\d+)$/,
    ([ok, failed], _, truth) => {
      truth.accesses += Number(ok) + Number(failed);
    },
  ],
  [
    /^hmm end ebusy=(\d+)$/,
    ([timeouts], _, truth) => {
      truth.timeouts = Number(timeouts);
    },
  ],
  [
    /^(?:storm|madvise) thread |^disturber /,
    (_found, _tid, truth) => {
      truth.isDisturbed = true;
    },
  ],
  [/^hmm start |^dmirror (?:todev|tosys|snapshot|read ->) /, () => undefined],
];

/** False where the line is of a load that is not known here. */
function read(said: string, tid: number, truth: Draft): boolean {
  for (const [saying, reader] of SAYINGS) {
    const [whole, ...found] = saying.exec(said) ?? [];
    if (whole === undefined) continue;
    reader(found, tid, truth);
    return true;
  }
  return false;
}
