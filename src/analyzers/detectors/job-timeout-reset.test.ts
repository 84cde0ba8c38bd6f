import { describe, expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { logRowsOf } from '../../../test/log-rows.ts';
import { jobTimeoutReset } from './job-timeout-reset.ts';

const DEV = 'amdgpu 0000:43:00.0: amdgpu: ';
const judgeLog = (...lines: readonly string[]) =>
  run(jobTimeoutReset, { rows: { log_record: logRowsOf(...lines) } }).findings;

const TIMEOUT = [
  `[10.0] ${DEV}ring gfx_0.0.0 timeout, signaled seq=1207, emitted seq=1209`,
  `[10.0] ${DEV} Process game pid 880 thread game:cs0 pid 893`,
];

describe('in the log', () => {
  it('one incident: the timeout, its reset, and what came of it', () => {
    const [finding, ...more] = judgeLog(
      ...TIMEOUT,
      `[10.1] ${DEV}GPU reset begin!`,
      `[10.2] ${DEV}MODE1 reset`,
      `[12.0] ${DEV}GPU reset succeeded, trying to resume`,
      `[12.1] ${DEV}VRAM is lost due to GPU reset!`,
      `[12.6] ${DEV}GPU reset(2) succeeded!`,
      '[13.0] [drm:amdgpu_cs_ioctl [amdgpu]] *ERROR* Failed to initialize parser -125!',
      '[13.1] [drm:amdgpu_cs_ioctl [amdgpu]] *ERROR* Failed to initialize parser -125!',
    );
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      severity: 'error',
      confidence: 'proven',
      summary:
        'A job on gfx_0.0.0 of amdgpu 0000:43:00.0 timed out with work of game (pid 880); it was reset, the reset succeeded, the device memory was lost; 2 submissions were refused afterwards.',
      key: { device: '0000:43:00.0', ring: 'gfx_0.0.0', pid: 880 },
    });
    expect(finding?.evidence).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('a fault of the same process before it is named as what led to it', () => {
    const fault = (pid: number): string =>
      `[9.0] ${DEV}[gfxhub] page fault (src_id:0 ring:24 vmid:3 pasid:32778, for process x pid ${pid} thread x pid ${pid})`;
    expect(judgeLog(fault(880), ...TIMEOUT)[0]?.summary).toContain('before it, x (pid 880) had');
    // trap 6: another process
    expect(judgeLog(fault(555), ...TIMEOUT)[0]?.summary).not.toContain('before it');
  });

  it('a fault of the same queue before it, where only the queue is named', () => {
    const [finding] = judgeLog(
      '[9.0] xe 0000:04:00.0: [drm] Tile0: GT0: Engine memory CAT error [18]: class=ccs, logical_mask: 0x1, guc_id=31',
      '[9.5] xe 0000:04:00.0: [drm] Tile0: GT0: Timedout job: seqno=4294967170, lrc_seqno=4294967170, guc_id=31, flags=0x20 in llm [9120]',
    );
    expect(finding?.summary).toContain('before it, queue 31 had a GPU page fault');
  });

  it('two devices are two incidents, two boots as well', () => {
    const other = TIMEOUT.map((line) => line.replace(':43:', ':63:'));
    expect(judgeLog(...TIMEOUT, ...other)).toHaveLength(2);
  });

  it('a soft recovery resets nothing and is a warning', () => {
    expect(judgeLog(`${DEV}ring gfx timeout, but soft recovered`)).toMatchObject([
      { severity: 'warn', summary: expect.stringContaining('recovered without a reset') },
    ]);
  });

  it('a reset nobody was seen to time out for is a warning; a failed one is an error', () => {
    expect(judgeLog(`${DEV}GPU reset begin!`)).toMatchObject([{ severity: 'warn' }]);
    expect(judgeLog(`${DEV}GPU reset begin!`, `${DEV}GPU reset end with ret = -110`)).toMatchObject(
      [{ severity: 'error', summary: expect.stringContaining('failed with -ETIMEDOUT') }],
    );
  });

  it.each([
    ['a fault alone', `${DEV}[gfxhub] page fault (src_id:0 ring:24 vmid:3 pasid:32778)`],
    ['a refused submission, a consequence', `${DEV}Failed to initialize parser -125!`],
    [
      'a job that was only looked at',
      'xe 0000:04:00.0: [drm] GT0: Check job timeout: seqno=7, lrc_seqno=7, guc_id=2, not started',
    ],
    [
      'a buffer freed at process end',
      `${DEV}Freeing queue vital buffer 0x7f1200200000, queue evicted`,
    ],
  ])('is silent about %s', (_, line) => {
    expect(judgeLog(line)).toEqual([]);
  });
});

describe('in a trace', () => {
  const job: RowOf = {
    ring: 'gpu-ring-B',
    fence_id: 1,
    owner_tid: 880,
    owner_process_id: 1,
    queue_event: 3,
    run_ts: ms(10),
    run_event: 5,
    done_ts: ms(519),
    lossy: 0,
  };
  const fence: RowOf = {
    context: 4,
    seqno: 7,
    signaled_ts: ms(520),
    signaled_tid: 28,
    signaled_event: 42,
    error: -62,
    error_event: 41,
    lossy: 0,
  };
  const process = { pid: 880, comm: 'client' };
  const judge = (
    change: { job?: RowOf; fence?: RowOf; rows?: Readonly<Record<string, readonly RowOf[]>> } = {},
  ) =>
    run(jobTimeoutReset, {
      rows: {
        process: [process],
        job: [{ ...job, ...change.job }],
        fence: [{ ...fence, ...change.fence }],
        ...change.rows,
      },
    }).findings;

  it('a worker ended with -ETIME what ran and was not done: likely, and no reset is claimed', () => {
    expect(judge()).toMatchObject([
      {
        severity: 'error',
        confidence: 'likely',
        summary:
          'A job on gpu-ring-B (fence 4:7) of client (pid 880) timed out 510 ms after it was given to the hardware: a kernel thread ended it with -ETIME (-62), the hardware never reported it done; whether the device was reset is not in this recording.',
        evidence: [3, 5, 41, 42],
        key: { ring: 'gpu-ring-B', fence: '4:7', pid: 880 },
      },
    ]);
  });

  it('the finished fence may say -ECANCELED where the hardware fence says -ETIME; one job is the one', () => {
    const bystander = { ...job, fence_id: 3 };
    const fences = [
      { ...fence, error: -125 },
      { ...fence, context: 1, signaled_ts: ms(519), error: -62 },
      { ...fence, seqno: 8, signaled_ts: ms(521), error: -125 },
    ];
    expect(judge({ rows: { fence: fences, job: [job, bystander] } })).toMatchObject([
      { key: { fence: '4:7' } },
    ]);
  });

  it.each([
    ['an interrupt signalled it', { fence: { signaled_tid: 0 } }],
    ['a process signalled it', { rows: { task: [{ tid: 28, comm: 'client' }] } }],
    ['it never ran', { job: { run_ts: null } }],
    ['the hardware had reported it done long before', { job: { done_ts: ms(100) } }],
    ['it was cancelled, and no fence timed out', { fence: { error: -125 } }],
    ['its entity was killed', { fence: { error: -3 } }],
    ['its error was not recorded', { fence: { error: null } }],
  ])('is silent when %s', (_, change) => {
    expect(judge(change)).toEqual([]);
  });

  it('the driver’s own event proves it', () => {
    const stated = { timeout_ts: ms(500), timeout_event: 40, fence_id: null };
    expect(judge({ job: stated })).toMatchObject([{ confidence: 'proven' }]);
  });

  it('claims less when events were lost', () => {
    expect(judge({ fence: { lossy: 1 } })).toMatchObject([{ confidence: 'suspect' }]);
  });

  it('and in the log beside it, it is one finding', () => {
    const told = logRowsOf(
      '[0.52] [drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gpu-ring-B timeout, signaled seq=6, emitted seq=7',
    );
    const rows = { log_record: told };
    expect(judge({ rows })).toMatchObject([{ confidence: 'proven', key: { what: 'log' } }]);
    const untied = run(jobTimeoutReset, {
      rows: { process: [process], job: [job], fence: [fence], log_record: told },
      clockError: Number.POSITIVE_INFINITY,
    });
    expect(untied.findings).toHaveLength(2);
  });
});

it('cannot look without a log, driver events or fence errors', () => {
  const { outcome } = run(jobTimeoutReset, { observed: ['fence.init', 'fence.signaled'] });
  expect(outcome.outcome).toBe('not-observable');
  expect(outcome.enable).toContain('printk:console');
});

describe('by events of the reset', () => {
  const told: RowOf = {
    driver: 'amdgpu',
    cause: 'job timeout',
    sequence: 1,
    start_ts: ms(500),
    start_event: 40,
    end_ts: ms(900),
    end_event: 41,
    lossy: 0,
  };
  const judge = (rows: Record<string, readonly RowOf[]>, more: object = {}) =>
    run(jobTimeoutReset, { rows: { device_reset: [told], ...rows }, ...more });

  it('is told of, and of no job', () => {
    expect(judge({}).findings).toMatchObject([
      {
        severity: 'warn',
        confidence: 'proven',
        summary:
          'amdgpu: the GPU was reset (reset 1): job timeout, over 400 ms later; whose work hung is not in this recording.',
        evidence: [40, 41],
        key: { what: 'event', driver: 'amdgpu' },
      },
    ]);
    const unended = { ...told, end_ts: null, end_event: null };
    expect(judge({ device_reset: [unended] }).findings[0]?.summary).toContain(
      'its end was not told',
    );
  });

  it('names who had a fault that was not served shortly before, without making it the cause', () => {
    const fault: RowOf = {
      function: 'amdkfd',
      source: 'tracepoint',
      tid: 1267,
      process_id: 1,
      start_ts: ms(400),
      start_event: 30,
    };
    const process = [{ pid: 1267, comm: 'vectoradd' }];
    const [finding] = judge({ device_fault: [fault], process }).findings;
    expect(finding?.details.at(-1)).toMatchObject({ value: { value: 'vectoradd (pid 1267)' } });
    expect(finding?.summary).not.toContain('vectoradd');
    // served, of another driver, or later
    for (const other of [{ address: 4096 }, { function: 'xe' }, { start_ts: ms(600) }]) {
      const [without] = judge({ device_fault: [{ ...fault, ...other }], process }).findings;
      expect(JSON.stringify(without)).not.toContain('vectoradd');
    }
  });

  it('is one finding with the log of the same driver and time', () => {
    const log = logRowsOf(`[0.4] ${DEV}GPU reset begin!`, `[1.0] ${DEV}GPU reset(1) succeeded!`);
    const { findings } = judge({ log_record: log });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.evidence).toEqual(expect.arrayContaining([40, 41]));
    const apart = judge({
      log_record: log,
      device_reset: [{ ...told, start_ts: s(30), end_ts: s(31) }],
    });
    expect(apart.findings).toHaveLength(2);
    expect(
      judge({ log_record: log }, { clockError: Number.POSITIVE_INFINITY }).findings,
    ).toHaveLength(2);
    const xe = [{ ...told, driver: 'xe' }];
    expect(judge({ log_record: log, device_reset: xe }).findings).toHaveLength(2);
  });

  it('goes with the job that timed out just before', () => {
    const job: RowOf = {
      ring: 'comp',
      run_ts: ms(1),
      run_event: 2,
      timeout_ts: ms(490),
      timeout_event: 9,
    };
    const [finding, ...more] = judge({ job: [job] }).findings;
    expect(more).toEqual([]);
    expect(finding?.summary).toContain(
      'timed out 489 ms after it was given to the hardware; amdgpu told of a reset 10.0 ms later.',
    );
    expect(finding?.evidence).toEqual([2, 9, 40]);
    expect(judge({ job: [{ ...job, timeout_ts: s(9) }] }).findings).toHaveLength(2);
  });

  it('cannot know where nothing of it was recorded, and is clean where nothing happened', () => {
    const nothing = { rows: {}, observed: ['fence.init'] } as const;
    expect(run(jobTimeoutReset, nothing).outcome.outcome).toBe('not-observable');
    expect(run(jobTimeoutReset, { observed: ['device.reset_start'] }).outcome.outcome).toBe(
      'clean',
    );
  });
});
