/**
 * No rule knows a recording: the same one with other names, pids, CPUs, contexts, seqnos at their wrap
 * and probes named as other people name them is judged the same.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { analyzeCapture } from '../src/analyzers/analyze.ts';
import { openCapture } from '../src/parsers/detect.ts';
import type { Capture, EventType } from '../src/parsers/parser.ts';
import { type Disguise, disguisedCapture, isProbe } from './disguised-capture.ts';

const RECORDINGS = [
  'c612-dep-err/dep-err.dat',
  'c612-mm-pinned/mm-pinned.dat',
  'c612-pid-reuse/pid-reuse.dat',
  'c612-sched-hang/sched-hang.dat',
  'c612-svm-fork/svm-fork.dat',
  'c612-swsync-dead/swsync-dead.dat',
  's390be-perf-stall-z/perf-stall-z.perf.data',
  's612-svm-ghost/svm-ghost.dat',
  's612-svm-hang/svm-hang.dat',
  's612-svm-storm/svm-storm.dat',
  's612-virtio-unplug/virtio-unplug.dat',
  's72-perf72-sched-ok/perf72-sched-ok.perf.data',
  's72-svm-twopass/svm-twopass.dat',
] as const;

/** Names the kernel gives; what is left are those of programs, drivers and their rings. */
const OF_THE_KERNEL =
  /^(kworker|swapper|<idle>|oom_reaper|ksoftirqd|migration|rcu|drm_sched|sw_sync|)$|^kworker\//;
const names = new Map<string, string>();

function another(name: string): string {
  if (OF_THE_KERNEL.test(name)) return name;
  const made = names.get(name) ?? `my app-${names.size}:x`;
  names.set(name, made);
  return made;
}

/** How `kernel/trace/trace_kprobe.c` names a probe that was given no name. */
function unnamed(probe: string): string {
  const stem = probe.replace(/__?(ret|return)$/, '');
  return `${stem === probe ? 'p' : 'r'}_${stem}_0`;
}

const DISGUISES: Readonly<Record<string, Disguise>> = {
  'other names of programs, drivers and rings': { name: another },
  'pids beyond 22 bits': { pid: (pid) => (pid === 0 ? 0 : pid + 4_000_000) },
  'CPUs in another order': { cpu: (cpu) => 15 - cpu },
  'contexts beyond 32 bits': { context: 2 ** 32 - 6 },
  'seqnos at the wrap': { seqno: 2 ** 32 - 3 },
  'probes without names of their own': { probe: unnamed },
  'probes of a group and with names of the user': { probe: (name) => `my_${name}` },
};

const isReturn = (type: EventType): boolean =>
  isProbe(type) && type.fields.some(({ name }) => name === '__probe_func');

const LESS: Readonly<Record<string, Disguise>> = {
  'without the arguments of its probes': { argument: (name) => `other_${name}` },
  'without its returning probes': { without: isReturn },
  'without the names of threads': { noComms: true },
};

async function judged(path: string, wrap: (capture: Capture) => Capture): Promise<string[]> {
  const capture = openCapture(path);
  try {
    const options = { strict: true, figures: false };
    const { findings } = await analyzeCapture(path, wrap(capture), options);
    return findings
      .map(({ severity, confidence, detector }) => `${severity} ${confidence} ${detector}`)
      .sort();
  } finally {
    capture.close();
  }
}

/** What is called proven and is no mere information, of whatever severity. */
function proven(judgements: readonly string[]): string[] {
  return judgements
    .filter((one) => / proven /.test(one) && !one.startsWith('info'))
    .map((one) => one.replace(/^\S+ /, ''));
}

describe.each(RECORDINGS)('%s', (recording) => {
  const path = new URL(`../fixtures/${recording}`, import.meta.url).pathname;
  const disguised = (disguise: Disguise) =>
    judged(path, (capture) => disguisedCapture(capture, disguise));
  let whole: string[] = [];
  beforeAll(async () => {
    whole = await judged(path, (capture) => capture);
  });

  it.each(Object.entries(DISGUISES))('is judged the same with %s', async (_, disguise) => {
    expect(await disguised(disguise)).toEqual(whole);
  });

  it.each(Object.entries(LESS))('has no more that is proven %s', async (_, disguise) => {
    const known = proven(whole);
    expect(proven(await disguised(disguise)).filter((one) => !known.includes(one))).toEqual([]);
  });
});
