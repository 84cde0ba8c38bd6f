/**
 * A Result as rich as a bad day, for tests of reports: several findings, losses, detectors that
 * could not look, and names chosen to break out of whatever they are written into.
 */

import type { Finding } from '../src/analyzers/finding.ts';
import { groupIncidents } from '../src/analyzers/incidents.ts';
import type {
  Breakdown,
  Distribution,
  DrawnLifetimes,
  LogGroup,
  ObjectColumn,
  ObjectLifetime,
  ObjectTable,
  Result,
  SummaryFigures,
  TimelineItem,
  TimelineLane,
} from '../src/analyzers/result.ts';

const MS = 1_000_000;
const S = 1_000_000_000;

/** What a task, a fence timeline or a file may call itself. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>alert(1)</script>',
  '</script><img src=x onerror=alert(2)>',
  '"><svg onload=alert(3)>',
  "';alert(4)//",
  '<!-- --><style>*{display:none}</style>',
  '\u202egnp.exe\u2066',
  'red\u001b[31m\u0007bell',
  'zero\u200bwidth\ufeff',
  'line\u2028para\u2029',
  '&lt;already&amp;escaped',
  '{{7*7}}',
  'https://evil.example/x.js',
];

function evidence(
  event: number,
  ts: number,
  cpu: number,
  type: string,
  text: string,
): Finding['evidence'][number] {
  return { event, ts, cpu, tid: 172, comm: 'svmload', type, text };
}

const stall: Finding = {
  id: 'invalidate-stall-0a1b2c3d',
  detector: 'invalidate-stall',
  severity: 'error',
  confidence: 'proven',
  summary:
    'mprotect() by svmload (tid 172) was held up for 411.8 ms in mmu_notifier_invalidate_range_start: svmlab_invalidate waited 409.2 ms for fence 3:2 (svmlab-ring0).',
  from: 1_402 * MS,
  to: 1_814 * MS,
  objects: [
    { kind: 'invalidation', id: 2, label: 'invalidation 0x7f2a4c000000-0x7f2a4c010000' },
    { kind: 'fence', id: 2, label: 'fence 3:2 (svmlab-ring0)' },
  ],
  details: [
    { label: 'Range', value: { type: 'address', hex: '0x7f2a4c000000' } },
    { label: 'Range size', value: { type: 'bytes', value: 65536 } },
    { label: 'Held up', value: { type: 'duration', ns: 411_790_123 } },
    { label: 'Began', value: { type: 'time', ns: 1_402 * MS } },
    { label: 'Fence waits inside', value: { type: 'count', value: 1 } },
    { label: 'Returned', value: { type: 'errno', value: -11 } },
    {
      label: 'Waited for',
      value: { type: 'object', ref: { kind: 'fence', id: 2, label: 'fence 3:2 (svmlab-ring0)' } },
    },
    { label: 'Actor', value: { type: 'text', value: HOSTILE_NAMES[0] ?? '' } },
  ],
  evidence: [
    evidence(
      31,
      1_402 * MS,
      1,
      'svm:inval_start',
      'mm=0xffff9a3e start=0x7f2a4c000000 end=0x7f2a4c010000',
    ),
    evidence(32, 1_402.2 * MS, 1, 'svm:drv_inval', 'mni=0xffff9a3e0c5f1200 seq=7'),
    evidence(
      33,
      1_402.6 * MS,
      1,
      'dma_fence:dma_fence_wait_start',
      'driver=svmlab timeline=svmlab-ring0 context=3 seqno=2',
    ),
    evidence(
      34,
      1_811.8 * MS,
      0,
      'dma_fence:dma_fence_signaled',
      'driver=svmlab timeline=svmlab-ring0 context=3 seqno=2',
    ),
    evidence(35, 1_813.2 * MS, 1, 'svm:inval_start_ret', 'ret=0 </td><script>alert(5)</script>'),
  ],
  evidenceOmitted: 2,
  next: [
    'Look at why the job behind fence 3:2 ran for 400 ms.',
    'Consider unmapping the range from the device without waiting for the ring.',
  ],
  identity: ['invalidate-stall', 'svmlab_invalidate', 'svmlab-ring0'],
  key: { tid: 172, fence: '3:2' },
};

const neverSignalled: Finding = {
  id: 'fence-never-signalled-9f8e7d6c',
  detector: 'fence-never-signalled',
  severity: 'critical',
  confidence: 'likely',
  summary:
    'Fence 3:3 (svmlab-ring0) of svmload (pid 172) was never signalled: its owner exited 2.11 s before the end of the capture.',
  from: 2_100 * MS,
  to: 4_900 * MS,
  objects: [{ kind: 'fence', id: 3, label: 'fence 3:3 (svmlab-ring0)' }],
  details: [{ label: 'Age at the end', value: { type: 'duration', ns: 2_800 * MS } }],
  evidence: Array.from({ length: 30 }, (_, index) =>
    evidence(
      40 + index,
      (2_100 + index * 12) * MS,
      index % 3,
      'sched:sched_process_exit',
      `comm=${HOSTILE_NAMES[index % HOSTILE_NAMES.length]} pid=172 prio=120`,
    ),
  ),
  evidenceOmitted: 0,
  next: ['Look for the job behind fence 3:3 in the driver’s ring dump.'],
  identity: ['fence-never-signalled', 'svmlab-ring0'],
  key: { pid: 172, fence: '3:3' },
};

const storm: Finding = {
  ...stall,
  id: 'hmm-retry-storm-11223344',
  detector: 'hmm-retry-storm',
  severity: 'warn',
  confidence: 'suspect',
  summary: `Task ${HOSTILE_NAMES[1]} retried one range fault 183 times in 1 s and gave up with -EBUSY.`,
  from: 3_000 * MS,
  to: 4_000 * MS,
  details: [],
  next: [],
};

const ghost: Finding = {
  ...stall,
  id: 'post-exit-device-fault-55667788',
  detector: 'post-exit-device-fault',
  severity: 'error',
  confidence: 'proven',
  summary: 'The device faulted 7 times on PASID 0x80ac after its process had exited.',
  from: 4_100 * MS,
  to: 4_100 * MS,
};

const blind: Finding = {
  ...ghost,
  id: 'tool-blind-99aabbcc',
  detector: 'tool-blind',
  severity: 'info',
  summary: '2 detectors could not look; not recorded: with which error a fence signals.',
  from: 0,
  to: 4_900 * MS,
  objects: [],
  details: [{ label: 'not recorded', value: { type: 'text', value: 'the error of fences' } }],
};

function lane(
  label: string,
  kind: string,
  spans: readonly (readonly [number | null, number | null, string, string?])[],
): TimelineLane {
  const items = spans.map(([from, to, name, finding]): TimelineItem => {
    const item = { from, to, label: name, kind };
    return finding === undefined ? item : { ...item, findings: [finding] };
  });
  return { label, items };
}

function timeline(): TimelineLane[] {
  return numbered([
    lane('process svmload (172)', 'process', [[12 * MS, 4_050 * MS, 'svmload']]),
    lane(`process ${HOSTILE_NAMES[2]} (99)`, 'process', [[null, null, HOSTILE_NAMES[2] ?? '']]),
    lane('range faults of 172', 'range_fault', [
      [200 * MS, 215 * MS, '1 attempt'],
      [1_380 * MS, 1_396 * MS, '1 attempt'],
      [3_000 * MS, 4_000 * MS, '183 attempts, -EBUSY', storm.id],
    ]),
    lane(
      'attempts of 172',
      'range_fault_attempt',
      Array.from({ length: 183 }, (_, n) => [
        (3_000 + n * 5.4) * MS,
        (3_005 + n * 5.4) * MS,
        `attempt ${n + 1}`,
      ]),
    ),
    lane('invalidations', 'invalidation', [
      [300 * MS, 320 * MS, 'mprotect, 20 ms'],
      [1_402 * MS, 1_814 * MS, 'mprotect, 411.8 ms', stall.id],
      [2_050 * MS, 2_055 * MS, 'munmap, 5 ms'],
    ]),
    lane('callbacks', 'invalidation_callback', [
      [300.2 * MS, 319.5 * MS, 'svmlab_invalidate'],
      [1_402.2 * MS, 1_813 * MS, 'svmlab_invalidate', stall.id],
    ]),
    lane('fences svmlab-ring0', 'fence', [
      [299 * MS, 319 * MS, '3:1'],
      [1_400 * MS, 1_811.8 * MS, '3:2', stall.id],
      [2_100 * MS, null, '3:3', neverSignalled.id],
      [2_150 * MS, 2_500 * MS, '3:4'],
    ]),
    {
      label: 'fences svmlab-ring1',
      items: [{ from: 500 * MS, to: 900 * MS, label: '37 shorter ones', kind: 'fence', count: 37 }],
    },
    lane('waits', 'fence_wait', [[1_402.6 * MS, 1_812 * MS, 'for 3:2', stall.id]]),
    lane('device faults', 'device_fault', [[4_100 * MS, 4_100 * MS, '-ESRCH', ghost.id]]),
    lane('nothing', 'job', []),
  ]);
}

/** Every bar that is one object gets an id, from 1 in each kind. */
function numbered(lanes: readonly TimelineLane[]): TimelineLane[] {
  const last = new Map<string, number>();
  return lanes.map((lane) => ({
    ...lane,
    items: lane.items.map((item) => {
      if (item.count !== undefined) return item;
      const id = (last.get(item.kind) ?? 0) + 1;
      last.set(item.kind, id);
      return { ...item, id };
    }),
  }));
}

function lifetimes(lanes: readonly TimelineLane[]): DrawnLifetimes {
  const objects = lanes.flatMap(({ items }) =>
    items.flatMap(({ kind, id, from, to }): ObjectLifetime[] => {
      if (id === undefined) return [];
      const bounds = [
        { column: 'start_ts', ts: from },
        { column: 'end_ts', ts: to },
      ];
      const steps = bounds.flatMap(({ column, ts }) => (ts === null ? [] : [{ column, ts }]));
      return [{ kind, id, steps, events: id === 2 ? [0, 1] : [], eventsOmitted: id === 2 ? 3 : 0 }];
    }),
  );
  return {
    moments: Object.fromEntries(
      objects.map(({ kind }) => [kind, { start_ts: `Start of a ${kind}`, end_ts: 'End' }]),
    ),
    objects,
    events: HOSTILE_NAMES.slice(0, 2).map((name, n) =>
      evidence(2_000 + n, (1_402 + n) * MS, 1, 'svm:inval_start', `name=${name}\n => stack`),
    ),
  };
}

/** Deterministic, long-tailed. */
function distribution(
  name: string,
  title: string,
  number: number,
  series: readonly string[],
): Distribution {
  const points = Array.from({ length: number }, (_, n) => ({
    ts: ((n * 7919) % 4_900) * MS,
    value: Math.round(1_000 * Math.exp(((n * 2654435761) % 1000) / 75)),
    series: series[n % series.length] ?? '',
  }));
  const sorted = points.map((point) => point.value).sort((a, b) => a - b);
  const at = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] ?? 0;
  const quantiles = number === 0 ? [] : [0, 0.5, 0.9, 0.99, 1].map((q) => ({ q, value: at(q) }));
  return { name, title, unit: 'ns', count: number * 3, unended: number % 7, quantiles, points };
}

const column = (name: string, type: ObjectColumn['type']): ObjectColumn => ({
  name,
  title: name.replace(/_(ts|ns)$/, ''),
  doc: `What ${name} is.`,
  type,
});

const fences: ObjectTable = {
  kind: 'fence',
  doc: 'A dma_fence: what a job’s completion looks like to the rest of the kernel.',
  total: 4_812,
  columns: [
    column('id', 'number'),
    column('start_ts', 'time'),
    column('wait_ns', 'duration'),
    column('context', 'number'),
    column('seqno', 'number'),
    column('driver', 'text'),
    column('timeline', 'text'),
    column('owner_tid', 'thread'),
    column('pointer', 'address'),
    {
      ...column('job_id', 'object'),
      title: 'job',
      kind: 'job',
      labels: { 1: HOSTILE_NAMES[1] ?? '' },
    },
    column('error', 'errno'),
    column('signaled_ts', 'time'),
    column('lossy', 'flag'),
    column('start_event', 'event'),
  ],
  rows: HOSTILE_NAMES.map((name, n) => [
    n + 1,
    n * 12 * MS,
    n * 1_234_567,
    3,
    n + 1,
    'svmlab',
    name,
    `${HOSTILE_NAMES[0]}-${172 + n}`,
    `0xffff8881${'0'.repeat(n % 4)}${n}`,
    n % 2 === 0 ? 1 : null,
    n === 4 ? -16 : null,
    n % 3 === 0 ? null : n * 13 * MS,
    n % 2,
    n * 100,
  ]),
  findings: { 2: [stall.id, storm.id], 3: [neverSignalled.id] },
};

/** The whole of it; `overrides` replaces top-level parts. */
export function sampleResult(overrides: Partial<Result> = {}): Result {
  return {
    schema: 'svm-trace-result',
    version: 2,
    tool: { name: 'svm-trace', version: '0.1.0' },
    capture: {
      path: `captures/${HOSTILE_NAMES[0]}.dat`,
      inputs: [
        {
          path: `captures/${HOSTILE_NAMES[0]}.dat`,
          part: null,
          from: 0,
          to: 4.9 * S,
          format: 'trace.dat',
          version: '7',
          sizeBytes: 1_200_000,
          uname: 'Linux lab 6.12.117+deb12-amd64 x86_64',
          clock: 'mono',
          isLog: false,
          boot: 0,
          aligned: 'reference',
          offsetNs: '0',
          errorNs: 0,
          anchors: 0,
          reason: 'the reference',
        },
        {
          path: `captures/${HOSTILE_NAMES[1]}.txt`,
          part: null,
          from: 0,
          to: 4.9 * S,
          format: 'kernel log',
          version: '',
          sizeBytes: 34_567,
          uname: null,
          clock: 'printk',
          isLog: true,
          boot: 0,
          aligned: 'lines',
          offsetNs: '39637000',
          errorNs: 101_000,
          anchors: 12,
          reason: '12 console lines in both',
        },
        {
          path: `captures/${HOSTILE_NAMES[2]}.txt`,
          part: null,
          from: 0,
          to: 4.9 * S,
          format: 'kernel log',
          version: '',
          sizeBytes: 0,
          uname: null,
          clock: 'realtime',
          isLog: true,
          boot: 1,
          aligned: 'none',
          offsetNs: '-1234',
          errorNs: null,
          anchors: 0,
          reason: `no console line of it is in the recording ${HOSTILE_NAMES[0]}`,
        },
      ],
      format: 'trace.dat',
      version: '7',
      endian: 'little',
      sizeBytes: 1_234_567,
      uname: `Linux lab 6.12.117+deb12-amd64 #1 SMP ${HOSTILE_NAMES[4]} x86_64`,
      clock: { name: 'mono', unit: 'ns', base: '95123456789' },
      cpus: 4,
      buffers: [{ name: '', clock: 'mono', cpus: [0, 1, 2, 3] }],
      facts: { compression: 'zstd 1.5.4', [HOSTILE_NAMES[3] ?? '']: HOSTILE_NAMES[5] ?? '' },
      durationNs: 4.9 * S,
      events: 68_336,
      eventTypes: HOSTILE_NAMES.map((name, n) => ({
        system: 'svm',
        name,
        events: n * 100,
        first: n * MS,
        last: 4 * S,
        selected: n % 2 === 0,
      })),
    },
    losses: [
      { buffer: '', cpu: 2, from: 2.6 * S, to: 2.8 * S, events: 1_200, kind: 'dropped' },
      {
        buffer: HOSTILE_NAMES[6] ?? '',
        cpu: 0,
        from: null,
        to: 40 * MS,
        events: null,
        kind: 'overwritten',
      },
    ],
    problems: [
      {
        code: 'unknown-option',
        severity: 'info',
        message: `Option 99 (${HOSTILE_NAMES[7]}) was skipped.`,
        count: 1,
      },
    ],
    findings: [stall, neverSignalled, storm, ghost, blind],
    incidents: groupIncidents([stall, neverSignalled, storm, ghost, blind]),
    detectors: [
      { detector: 'invalidate-stall', outcome: 'findings', findings: 1 },
      { detector: 'fence-never-signalled', outcome: 'findings', findings: 1 },
      { detector: 'hmm-retry-storm', outcome: 'findings', findings: 1 },
      { detector: 'hmm-timeout', outcome: 'clean', findings: 0 },
      {
        detector: 'dead-client-fence',
        outcome: 'not-observable',
        findings: 0,
        reason: 'No event says when a task exited.',
        enable: ['sched:sched_process_exit', 'task:task_newtask'],
      },
      {
        detector: 'fence-error',
        outcome: 'not-observable',
        findings: 0,
        reason: 'dma_fence events carry no error.',
        enable: [
          'p:svm/fence_signal dma_fence_signal_timestamp_locked fence=$arg1:x64 context=+32($arg1):u64 seqno=+40($arg1):u64 error=+60($arg1):s32',
          'f:svm/hmm_range_fault hmm_range_fault',
        ],
      },
      {
        detector: 'tool-blind',
        outcome: 'error',
        findings: 0,
        reason: `no such column: ${HOSTILE_NAMES[8]}`,
      },
    ],
    kernelLog: [logGroup()],
    worst: 'critical',
    timeline: timeline(),
    timelineLanesOmitted: 3,
    lifetimes: lifetimes(timeline()),
    objectCounts: [{ kind: 'fence', count: fences.total }],
    objects: [
      fences,
      { kind: 'job', doc: 'A GPU job.', total: 0, columns: [], rows: [], findings: {} },
    ],
    distributions: [
      distribution('invalidation', 'How long do invalidations hold up the memory manager?', 400, [
        'mprotect',
        'munmap',
        HOSTILE_NAMES[0] ?? '',
      ]),
      distribution('fence', 'How long are fences pending?', 6, ['svmlab-ring0']),
      distribution('many-series', 'How long do jobs wait in each ring?', 300, [...HOSTILE_NAMES]),
      distribution('job', 'How long do jobs wait to run?', 0, []),
    ],
    figures: summaryFigures(),
    ...overrides,
  };
}

function summaryFigures(): SummaryFigures {
  const part = (name: string, count: number): Breakdown['rows'][number]['parts'][number] => {
    const sample = Array.from({ length: Math.min(count, 60) }, (_, n) => 20_000 * (n + 1) ** 2);
    const quantiles = [0.5, 0.9, 0.99, 1].map((q) => ({
      q,
      value: sample[Math.ceil(q * sample.length) - 1] ?? 0,
    }));
    return { name, count, quantiles, sample };
  };
  return {
    breakdowns: [
      {
        name: 'fence-split',
        title: 'Do fences wait for the hardware, or does the hardware take long?',
        unit: 'ns',
        count: 1_234,
        rows: HOSTILE_NAMES.slice(0, 4).map((name, n) => ({
          name,
          parts: [
            part('until the hardware got its work', n + 1),
            part('on the hardware', 30 * n + 1),
          ],
        })),
        rowsOmitted: 3,
      },
      {
        name: 'invalidation-actor',
        title: 'Whose invalidations take long?',
        unit: 'ns',
        count: 41,
        rows: [{ name: 'mprotect by svmload', parts: [part('', 41)] }],
        rowsOmitted: 0,
      },
    ],
    attempts: {
      title: 'Do range faults take long because they are tried again?',
      count: 183,
      points: Array.from({ length: 40 }, (_, n) => ({
        attempts: 1 + n * 5,
        ns: 1_000 * (n + 1) ** 3,
        outcome: n % 3 === 0 ? 'busy' : 'last attempt ok',
      })),
    },
    faultsOverTime: {
      title: 'Do page faults of the GPU go on after its processes exit?',
      count: 10,
      binWidth: 10 * MS,
      bins: Array.from({ length: 8 }, (_, n) => ({
        from: (4_040 + n * 10) * MS,
        outcome: n < 2 ? ('served' as const) : ('refused' as const),
        count: n + 1,
      })),
      exits: [{ ts: 4_052 * MS, label: `${HOSTILE_NAMES[2]} (pid 99)` }],
      exitsOmitted: 2,
    },
    notDrawn: [
      {
        title: 'How long do jobs wait?',
        reason: 'not recorded: jobs queued (drm_sched_job_queue)',
      },
    ],
  };
}

function logGroup(): LogGroup {
  return {
    boot: 0,
    source: 'amdgpu',
    class: 'gpu-page-fault',
    device: '0000:43:00.0',
    count: 25,
    consequences: 13,
    bodyMissing: 0,
    hiddenAtLeast: 0,
    running: 0,
    first: 1_000_000,
    last: 3_000_000,
    event: 7,
    line: `amdgpu 0000:43:00.0: page fault of ${HOSTILE_NAMES[0]}`,
    processes: [`${HOSTILE_NAMES[1]} (pid 81)`],
    engines: ['gfxhub0'],
    meanings: [],
    hints: [],
    accesses: [{ access: 'read', count: 25 }],
    pages: {
      distinct: 13,
      ranges: [
        { from: '0x7f0000001000', to: '0x7f000000d000', pages: 12 },
        { from: '0x7f0000100000', to: '0x7f0000101000', pages: 1 },
      ],
      rangesOmitted: 0,
    },
  };
}
