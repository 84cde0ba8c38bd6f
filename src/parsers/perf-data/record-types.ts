/** PERF_RECORD_*: those of the kernel (include/uapi/linux/perf_event.h) and of perf (libperf's event.h). */
export const RECORD = {
  mmap: 1,
  lost: 2,
  comm: 3,
  throttle: 5,
  fork: 7,
  sample: 9,
  mmap2: 10,
  lostSamples: 13,
  attribute: 64,
  tracingData: 66,
  finishedRound: 68,
  idIndex: 69,
  auxtrace: 71,
  threadMap: 73,
  eventUpdate: 78,
  feature: 80,
  compressed: 81,
  compressed2: 83,
} as const;

/** Records of the kernel are numbered below this, perf's own from here. */
export const FIRST_OF_PERF = 64;
const LAST_OF_KERNEL = 22;
const LAST_OF_PERF = 90;

/** Whether a number is one perf writes, or may soon; used to tell records from rubbish. */
export function isRecordType(type: number): boolean {
  if (type < FIRST_OF_PERF) return type >= 1 && type <= LAST_OF_KERNEL + 4;
  return type <= LAST_OF_PERF;
}

/** What is known and left out. */
const NAMES: Readonly<Record<number, string>> = {
  4: 'EXIT',
  6: 'UNTHROTTLE',
  8: 'READ',
  11: 'AUX',
  12: 'ITRACE_START',
  14: 'SWITCH',
  15: 'SWITCH_CPU_WIDE',
  16: 'NAMESPACES',
  17: 'KSYMBOL',
  18: 'BPF_EVENT',
  19: 'CGROUP',
  20: 'TEXT_POKE',
  21: 'AUX_OUTPUT_HW_ID',
  22: 'CALLCHAIN_DEFERRED',
  65: 'EVENT_TYPE',
  67: 'BUILD_ID',
  70: 'AUXTRACE_INFO',
  72: 'AUXTRACE_ERROR',
  74: 'CPU_MAP',
  75: 'STAT_CONFIG',
  76: 'STAT',
  77: 'STAT_ROUND',
  79: 'TIME_CONV',
  82: 'FINISHED_INIT',
  84: 'BPF_METADATA',
};

/** Undefined for a type this reader has never heard of. */
export function nameOfRecord(type: number): string | undefined {
  return NAMES[type];
}
