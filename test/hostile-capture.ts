/**
 * A real trace.dat in which whatever can be named has a name chosen to break out of what it is
 * written into: threads, files, events, fields, drivers, timelines, rings, functions, buffers, lines
 * of the kernel log, the kernel itself and the file.
 */
import { readFormats } from './scenario/kernel-formats.ts';
import { DRIVER_PROBES, type Scenario, SVM_PROBES, scenario } from './scenario/scenario.ts';

/** What a script of one of these would leave behind; see `wasRun` in hostile.browser.test.ts. */
const RUN = 'globalThis.pwned=1';

type LongName =
  | 'timeline'
  | 'driver'
  | 'other'
  | 'ring'
  | 'device'
  | 'program'
  | 'bidi'
  | 'long'
  | 'vega';

/** Of unlimited length: fence timelines, rings, devices, programs, log lines, instances. */
export const LONG_NAMES: Readonly<Record<LongName, string>> = {
  timeline: `</script><script>${RUN}</script>`,
  driver: `"><img src=x onerror="${RUN}">`,
  other: `'-alert(1)-'\`\${${RUN}}\`{{constructor.constructor("${RUN}")()}}`,
  ring: `]]></title></style></textarea><svg onload=${RUN}>`,
  device: `javascript:${RUN}//`,
  program: `/tmp/<a href="javascript:${RUN}">click\u2028</a>\u2029`,
  bidi: '\u202e\u2066gnp.exe\u2069\u200b\ufeff\u0000x',
  long: `W${'i'.repeat(3_000)}de`,
  vega: `datum['x'] + alert(1) || "${RUN}" \\u003cb>\\"`,
};

/** No longer than TASK_COMM_LEN lets them be. */
export const COMMS: Readonly<Record<'app' | 'closes' | 'quotes' | 'invisible' | 'escape', string>> =
  {
    app: '<img src=x>',
    closes: '</script>',
    quotes: '"onload="a\'',
    invisible: 'a\u202e\u200bb',
    escape: '\u001b[31mred\u0007',
  };

const FUNCTION = `</script><img/src=x/onerror=${RUN}>`;
const EVENT_NAME = `<svg/onload=${RUN}>`;
const EVENT_SYSTEM = `"><img/src=x/onerror=${RUN}>`;
const BUFFER = `<iframe srcdoc="<script>${RUN}</script>">`;
const FILE = `"><img src=x onerror=${RUN}>\u202e.dat`;
/** Of what the kernel and its tracer name. */
export const KERNEL_NAMES: readonly string[] = [FUNCTION, EVENT_NAME, EVENT_SYSTEM, BUFFER];

const MM = 0xffff888001234000n;
const MNI = 0xffff888007654000n;
const ms = (value: number): number => value * 1e6;

const EVENT_FORMAT = `name: ${EVENT_NAME}
ID: 7001
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:int value;\toffset:8;\tsize:4;\tsigned:1;

print fmt: "<b>%d</b></script>", REC->value
`;

/** A stall, fences that never signal or signal with an error, a dead client, jobs, faults, log lines. */
export function hostileCapture(): string {
  const made = scenario({
    probes: [...SVM_PROBES, ...DRIVER_PROBES],
    formats: readFormats(EVENT_SYSTEM, EVENT_FORMAT),
    enable: ['dma_fence:*', 'gpu_scheduler:*', 'sched:sched_process_exit', 'mmap:exit_mmap'],
    uname: `Linux <script>${RUN}</script> 6.12.0 #1 </script><svg/onload=${RUN}> x86_64`,
  });
  const { timeline, driver, other, long, bidi, vega } = LONG_NAMES;
  stalls(made, { driver, timeline });
  dies(made, { driver: other, timeline: long }, COMMS.closes);
  dies(made, { driver: vega, timeline: bidi }, COMMS.invisible);
  fails(made, { driver: LONG_NAMES.device, timeline: LONG_NAMES.ring });
  retries(made);
  return made
    .at(ms(9_000), { cpu: 0, tid: 100, comm: COMMS.app })
    .event(`${EVENT_SYSTEM}:${EVENT_NAME}`, { value: 7 })
    .event('printk:console', {
      msg: `[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring ${LONG_NAMES.ring} timeout, signaled seq=1, emitted seq=2\n`,
    })
    .exec(LONG_NAMES.program)
    .inBuffer(BUFFER)
    .event('printk:console', { msg: LONG_NAMES.vega })
    .loss(0, 5)
    .after(ms(1))
    .event('printk:console', { msg: LONG_NAMES.long })
    .file(FILE);
}

type Names = { readonly driver: string; readonly timeline: string };

/** mprotect waits inside the driver's callback, whose name is hostile too. */
function stalls(made: Scenario, names: Names): void {
  const callback = made.symbol(FUNCTION, 'svmlab') + 4n;
  // the end of a symbol is known by the next one
  made.symbol('svmlab_exit', 'svmlab');
  const range = { mm: MM, start: 0x7f0000000000n, end: 0x7f0000002000n };
  made
    .at(ms(10), { cpu: 0, tid: 100, comm: COMMS.app })
    .probe('mni_insert', { mni: MNI, mm: MM, start: range.start, len: 0x2000n })
    .probe('mni_insert_ret', { ret: 0 })
    .fence('init', 3, 1, names)
    .fence('emit', 3, 1, names)
    .after(ms(5))
    .sysEnter('mprotect', { start: range.start, len: 0x2000 })
    .probe('inval_start', { ...range, event: 2, flags: 1 })
    .probe('drv_inval', { __probe_ip: callback, mni: MNI, ...range, event: 2, seq: 3 })
    .fence('enable_signal', 3, 1, names)
    .fence('wait_start', 3, 1, names)
    .by({ cpu: 1, tid: 0, comm: 'swapper/1' })
    .after(ms(420))
    .fence('signaled', 3, 1, names)
    .by({ cpu: 0, tid: 100, comm: COMMS.app })
    .after(1_000)
    .fence('wait_end', 3, 1, names)
    .probe('drv_inval_ret', { __probe_func: callback, ret: 1 })
    .probe('inval_start_ret', { ret: 0 })
    .probe('inval_end', range)
    .sysExit('mprotect', 0);
}

let context = 10;

/** A client dies with its fence pending, and another waits for it in vain. */
function dies(made: Scenario, names: Names, comm: string): void {
  context += 1;
  const tid = 200 + context;
  made
    .at(ms(600 + context), { cpu: 0, tid: 100, comm: COMMS.app })
    .fork(tid, comm)
    .by({ cpu: 1, tid, comm })
    .after(ms(1))
    .fence('init', context, 1, names)
    .fence('emit', context, 1, names)
    .after(ms(5))
    .exit()
    .by({ cpu: 2, tid: 300, comm: COMMS.quotes })
    .fence('enable_signal', context, 1, names)
    .fence('wait_start', context, 1, names)
    .after(ms(3_000))
    .fence('wait_end', context, 1, names);
}

/** A fence that signals with an error. */
function fails(made: Scenario, names: Names): void {
  const pointer = 0xffff888009990000n;
  made
    .at(ms(5_000), { cpu: 2, tid: 300, comm: COMMS.quotes })
    .fence('init', 50, 1, names)
    .fence('emit', 50, 1, names)
    .by({ cpu: 2, tid: 0, comm: 'swapper/2' })
    .after(ms(10))
    .probe('fence_signal', { fence: pointer, context: 50, seqno: 1, flags: 0, error: -5 })
    .fence('signaled', 50, 1, names);
}

/** One range fault that is tried many times. */
function retries(made: Scenario): void {
  made.at(ms(6_000), { cpu: 1, tid: 400, comm: COMMS.escape });
  for (let n = 0; n < 60; n += 1) {
    made
      .after(ms(5))
      .probe('read_begin', { mni: MNI, start: 0x7f0000000000n, last: 0x7f0000001fffn })
      .probe('read_begin_ret', { seq: 2 * n + 1 })
      .probe('hmm_range_fault', {
        notifier: MNI,
        seq: 2 * n + 1,
        start: 0x7f0000000000n,
        end: 0x7f0000002000n,
      })
      .after(ms(1))
      .probe('hmm_range_fault_ret', { ret: -16 });
  }
}
