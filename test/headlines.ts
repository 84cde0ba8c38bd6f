/**
 * The reader test: what one who sees only the headline of a recording must learn, and must not be
 * told. From the ground truth of each recording (its truth.txt, written by the load itself), not from
 * what this program says of it.
 */

export interface HeadlineFacts {
  /** The failure, the object it is about and who was hit. */
  readonly says: readonly RegExp[];
  /** How long it took by the clock of the load, ms; the headline must name such a time. */
  readonly tookMs?: number;
  /** Failures, objects and actors that are others' or consequences. */
  readonly never?: readonly RegExp[];
}

/** The load measures around the system call, the trace inside it. */
const TOLERANCE = 0.05;
const MS: Readonly<Record<string, number>> = { ns: 1e-6, µs: 1e-3, ms: 1, s: 1e3 };

/** What is wrong with a headline; nothing where it is right. */
export function misread(headline: string, { says, tookMs, never = [] }: HeadlineFacts): string[] {
  const durations = [...headline.matchAll(/([\d.]+) (ns|µs|ms|s)\b/g)].map(
    ([, value, unit]) => Number(value) * (MS[unit ?? ''] ?? Number.NaN),
  );
  const tells = (ms: number): boolean =>
    durations.some((duration) => Math.abs(duration - ms) <= ms * TOLERANCE);
  return [
    ...says.filter((fact) => !fact.test(headline)).map((fact) => `does not say ${fact}`),
    ...(tookMs === undefined || tells(tookMs) ? [] : [`does not say that it took ${tookMs} ms`]),
    ...never.filter((wrong) => wrong.test(headline)).map((wrong) => `says ${wrong}`),
  ];
}

/** Of three jobs, the second was the long one: an mprotect of the range it used waited for it. */
function stall(pid: number, fence: string, tookMs?: number): HeadlineFacts {
  const others = ['1', '3'].map((seqno) => fence.replace(/:2$/, `:${seqno}`));
  return {
    says: [pidOf(pid), /held up/, /waited .* for fence/, fenceOf(fence)],
    ...(tookMs === undefined ? {} : { tookMs }),
    never: [/in vain/, /Nothing wrong/, ...others.filter((other) => other !== fence).map(fenceOf)],
  };
}

/** The process is killed with the third and the fourth of its jobs pending, which nothing ends. */
function died(pid: number, fence: string): HeadlineFacts {
  return { says: [pidOf(pid), fenceOf(fence), /still pending/, /owner died/] };
}

/** A killed process leaves a fence for which another one waits, as `how` ends. */
function orphaned(producer: number, fence: string, consumer: number, how: RegExp): HeadlineFacts {
  const first = new RegExp(`^\\S+ \\(pid ${producer}\\) died`);
  return { says: [first, fenceOf(fence), pidOf(consumer), how, /waits for it|depends on it/] };
}

/** A job that never ends on the hardware, until its scheduler's time limit of half a second or more. */
function hung(pid: number, ring: string): HeadlineFacts {
  return {
    says: [new RegExp(`job on ${ring}`), pidOf(pid), /timed out (5\d\d ms|1\.5\d s)/],
    never: [/later fence/, /died/],
  };
}

/** Page faults of a device for a process that has exited. */
function ghost(pid: number, pasid: number): HeadlineFacts {
  return { says: [/[78] page faults/, new RegExp(`PASID ${pasid}`), pidOf(pid), /gone/, /-ESRCH/] };
}

function failed(pid: number, fence: string): HeadlineFacts {
  return { says: [fenceOf(fence), pidOf(pid), /-EIO/], never: [/Nothing wrong/] };
}

/** Nothing went wrong, or nothing of it was recorded: what was not is said. */
function nothing(...says: readonly RegExp[]): HeadlineFacts {
  return {
    says: [
      /^Nothing wrong was found by \d+ detectors?\./,
      /could not look; not recorded: \w+/,
      ...says,
    ],
  };
}

function pidOf(pid: number): RegExp {
  return new RegExp(`\\(pid ${pid}[,)]`);
}

function fenceOf(fence: string): RegExp {
  return new RegExp(`[Ff]ence ${fence}\\b`);
}

const NEVER_SIGNALLED = /nobody had signalled it/;

/** By the path of the capture among the recordings. */
export const HEADLINES: Readonly<Record<string, HeadlineFacts>> = {
  'c612-dep-err/dep-err.dat': orphaned(770, '10:1', 771, /-EIO/),
  'c612-dep-hung/dep-hung.dat': orphaned(466, '26:1', 467, NEVER_SIGNALLED),
  'c612-dep-hwwait/dep-hwwait.dat': orphaned(159, '4:1', 160, NEVER_SIGNALLED),
  'c612-dep-never/dep-never.dat': orphaned(161, '4:1', 162, NEVER_SIGNALLED),
  'c612-dep-never-close/dep-never-close.dat': orphaned(342, '14:1', 343, NEVER_SIGNALLED),
  'c612-dep-sched/dep-sched.dat': hung(594, 'sl-ring-C'),
  'c612-fence-drop/fence-drop.dat': {
    says: [fenceOf('4:2'), pidOf(155), /released while it was pending/],
    never: [fenceOf('4:1'), fenceOf('4:3')],
  },
  'c612-fprobe-storm/fprobe-storm.dat': { says: [pidOf(460), /183 times/], tookMs: 1000 },
  'c612-fprobe-text/fprobe-text.ftrace.txt': nothing(/which invalidations there are/),
  'c612-healthy-20s/healthy-20s.dat': {
    says: [/^No failure found\./, /could not look/],
    never: [/for fence/],
  },
  'c612-hmm-fgraph-plain/hmm-fgraph-plain.ftrace.txt': nothing(/not whole/),
  'c612-hmm-function/hmm-function.ftrace.txt': nothing(/function tracer/),
  'c612-hmm-slow-ebusy/hmm-slow-ebusy.dat': {
    says: [pidOf(140), /-EBUSY/, /2\d\d attempts/, /0x7f2cb59c4000/],
    tookMs: 1003,
  },
  'c612-hmm-write/hmm-write.dat': nothing(/when fences signal/),
  'c612-i915-requests/i915-requests.dat': { says: [/^No failure found\./, /could not look/] },
  'c612-latency-format-text/latency-format-text.ftrace.txt': failed(360, '7:2'),
  'c612-leader-exit/leader-exit.dat': nothing(/page faults of a GPU/),
  'c612-lost-events/lost-events.dat': {
    ...stall(159, '2:2', 412.152),
    says: [...stall(159, '2:2').says, /lost more than 10,185 events/],
  },
  'c612-lost-text/lost-text.ftrace.txt': {
    says: [pidOf(304), /held up/, fenceOf('3:3'), /There may be more: .* lost 14,464 events/],
  },
  'c612-marker/marker.dat': failed(142, '2:2'),
  'c612-migrate-pingpong/migrate-pingpong.dat': {
    says: [pidOf(505), /0x7fd65d92c000-0x7fd65d93c000/, /99 times/, /50 moves to device/],
  },
  'c612-mm-pinned/mm-pinned.dat': {
    says: [/memory of svmload2 \(pid 599\) stayed after its death/, /held mm_users/],
    tookMs: 2000,
  },
  'c612-notifier-leak/notifier-leak.dat': {
    says: [pidOf(329), /15 interval notifiers/, /not removed/],
  },
  'c612-notifier-noleak/notifier-noleak.dat': nothing(),
  'c612-oom-ok/oom-ok.dat': nothing(),
  'c612-oom-refused/oom-refused.dat': {
    says: [pidOf(162), /release of memory/, fenceOf('4:1'), /in vain/],
  },
  'c612-orphan/orphan.dat': orphaned(704, '5:2', 703, NEVER_SIGNALLED),
  'c612-perf-dwarf/perf-dwarf.perf.data': stall(380, '10:2', 421.729),
  'c612-perf-fence-drop/perf-fence-drop.perf.data': {
    says: [fenceOf('20:2'), pidOf(504), /released while it was pending/],
  },
  'c612-perf-lost/perf-lost.perf.data': nothing(/lost 25,621 events/),
  'c612-perf-pinned/perf-pinned.perf.data': {
    says: [/memory of svmload2 \(pid 559\) stayed after its death/],
    tookMs: 2000,
  },
  'c612-perf-swsync-dead/perf-swsync-dead.perf.data': orphaned(636, '15:2', 634, /-ENOENT/),
  'c612-pid-reuse/pid-reuse.dat': { ...died(373, '22:2'), never: [/fence 23:/i] },
  'c612-sched-hang/sched-hang.dat': hung(146, 'svmlab-sched'),
  'c612-sched-ok/sched-ok.dat': nothing(),
  'c612-sched-starve/sched-starve.dat': {
    says: [/^Job 10:1 on sl-ring-C of svmload2 \(pid 246\) waited/, pidOf(245)],
    tookMs: 1575.118,
  },
  'c612-stacktrace-text/stacktrace-text.ftrace.txt': stall(354, '6:2', 413.566),
  'c612-svm-fgraph-abstime/svm-fgraph-abstime.ftrace.txt': stall(601, '11:2', 436.529),
  'c612-svm-fgraph-plain/svm-fgraph-plain.ftrace.txt': stall(607, '12:2', 420.051),
  'c612-svm-fork/svm-fork.dat': {
    says: [/svmload2 \(pid 256\) forked pid 257/, fenceOf('5:1')],
    tookMs: 312.901,
  },
  'c612-svm-hang/svm-hang.dat': { says: [pidOf(326), fenceOf('9:1'), /in vain/], tookMs: 5100 },
  'c612-svm-narrow/svm-narrow.dat': nothing(),
  'c612-svm-ooo/svm-ooo.dat': {
    says: [/^Fence 4:2 .* \(pid 154\)/, /2\d\d ms after the later fence 4:3/],
  },
  'c612-svm-stall/svm-stall.dat': stall(821, '6:2', 415.353),
  'c612-svm-storm/svm-storm.dat': { says: [/pid 890\) faulted/, /245 times/, /thread 891/] },
  'c612-svm-whole/svm-whole.dat': {
    says: [/whole address space/, pidOf(387), /300 of 301 invalidations/],
  },
  'c612-swsync-dead/swsync-dead.dat': orphaned(212, '3:2', 211, /-ENOENT/),
  'c612-swsync-ok/swsync-ok.dat': nothing(),
  'c612-trace-pipe/pipe.ftrace.txt': stall(374, '9:2', 434.429),
  'c612-unplug-dmabuf/unplug-dmabuf.dat': {
    says: [/^dma-buf/, pidOf(189), /virtio_gpu/, /accessed 4 times/, /unplugged/],
  },
  'regression-runs/a/reg-a-3.dat': nothing(),
  's390be-perf-stall-z/perf-stall-z.perf.data': stall(135, '3:2', 431.917),
  's390be-svm-die/svm-die.dat': died(479, '4:3'),
  's390be-svm-stall/svm-stall.dat': { ...stall(221, '1:2', 431.137) },
  's61-ft-function/ft-function.dat': stall(1745, '26:2', 419.293),
  's61-mm-storm/mm-storm.dat': nothing(),
  's61-perf-pid/perf-pid.perf.data': nothing(/Only one task/),
  's61-perf-stall/perf-stall.perf.data': stall(1834, '36:2', 415.894),
  's61-svm-die/svm-die.dat': died(720, '8:3'),
  's61-svm-stall/svm-stall.dat': stall(235, '1:2', 434.936),
  's61-svm-stall-stack/svm-stall-stack.dat': stall(1718, '25:2', 431.267),
  's61-vgem-die/vgem-die.dat': nothing(/with which error a fence signals/),
  's612-clock-uptime/clock-uptime.ftrace.txt': nothing(/ticks/),
  's612-ft-function_graph/ft-function_graph.dat': stall(1818, '27:2', 445.128),
  's612-inst-stall/inst-stall.dat': stall(1128, '24:2', 445.923),
  's612-mm-storm/mm-storm.dat': nothing(),
  's612-perf-ghost/perf-ghost.perf.data': ghost(918, 33_686),
  's612-perf-stall/perf-stall.perf.data': stall(1880, '36:2', 407.76),
  's612-perf-stall/pipe-mode.perf.data': nothing(/which invalidations there are/),
  's612-perf-stall-g/perf-stall-g.perf.data': stall(1892, '37:2', 439.628),
  's612-svm-die/svm-die.dat': died(771, '8:3'),
  's612-svm-die-text-noirq/svm-die-text-noirq.ftrace.txt': died(866, '11:3'),
  's612-svm-error/svm-error.dat': nothing(/with which error a fence signals/),
  's612-svm-ghost/svm-ghost.dat': ghost(848, 33_616),
  's612-svm-ghost-text-tgid/svm-ghost-text-tgid.ftrace.txt': ghost(858, 33_626),
  's612-svm-hang/svm-hang.dat': {
    says: [/^munmap by svmload \(pid 522\)/, fenceOf('3:1'), /in vain/],
    tookMs: 5050,
  },
  's612-svm-stall/svm-stall.dat': stall(286, '1:2', 428.9),
  's612-svm-stall-nocomp/svm-stall-nocomp.dat': stall(891, '17:2', 419.75),
  's612-svm-stall-text/svm-stall-text.ftrace.txt': stall(1826, '28:2', 427.054),
  's612-svm-stall-tsc/svm-stall-tsc.dat': {
    ...stall(1009, '18:2'),
    says: [...stall(1009, '18:2').says, /ticks, so no duration is judged/],
  },
  's612-svm-stall-v6/svm-stall-v6.dat': stall(404, '2:2', 418.287),
  's612-svm-storm/svm-storm.dat': {
    says: [/pid 1063\) faulted/, /33 times/, /thread 1064/, /invalidated 14\d times/],
  },
  's612-virtio-unplug/virtio-unplug.dat': {
    says: [pidOf(355), /virtio_gpu/, /after it was unplugged/, /6 ioctls/, /-ENODEV/],
  },
  's612-xpu-behind/xpu-behind.dat': {
    says: [/^munmap by victim \(pid 209\)/, fenceOf('2:2'), /fence 2:1 .*greedy \(pid 208\)/i],
    tookMs: 1872.637,
  },
  's612-xpu-recycled/xpu-recycled.dat': {
    says: [/11 page faults of PASID 77/, /first-owner \(pid 269\) was gone/, /-ESRCH/],
  },
  's612-xpu-stale/xpu-stale.dat': {
    says: [/^xload \(pid 225\) faulted/, /0x7f9c3bda2000/, /sequence number that had been refused/],
  },
  's72-dep-esrch/dep-esrch.dat': hung(347, 'sl-ring-C'),
  's72-fprobe-stall/fprobe-stall.dat': stall(311, '5:2', 428.092),
  's72-ft-function/ft-function.dat': stall(433, '7:2', 428.196),
  's72-perf-sched-hang/perf-sched-hang.perf.data': hung(538, 'sl-ring-B'),
  's72-perf72-sched-ok/perf72-sched-ok.perf.data': nothing(/page faults of a GPU/),
  's72-sched-hang/sched-hang.dat': hung(704, 'sl-ring-B'),
  's72-sched-ok/sched-ok.dat': nothing(),
  's72-svm-die/svm-die.dat': died(442, '6:3'),
  's72-svm-error/svm-error.dat': failed(776, '9:2'),
  's72-svm-fgraph-args/svm-fgraph-args.ftrace.txt': stall(504, '11:2', 403.439),
  's72-svm-function-args/svm-function-args.ftrace.txt': stall(516, '13:2', 416.667),
  's72-svm-stall/svm-stall.dat': stall(273, '4:2', 433.322),
  's72-svm-twopass/svm-twopass.dat': { ...stall(214, '5:1'), never: [/in vain/] },
};
