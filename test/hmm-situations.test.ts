/** Situations of notifiers and range faults no machine at hand can record, through the whole line. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Finding } from '../src/analyzers/finding.ts';
import { DRIVER_PROBES, type Scenario, SVM_PROBES, scenario } from './scenario/scenario.ts';

const APP = { cpu: 0, tid: 100, comm: 'app' };
const KWORKER = { cpu: 1, tid: 40, comm: 'kworker/1:1' };
const IDLE = { cpu: 2, tid: 0, comm: 'swapper/2' };
const SHELL = { cpu: 0, tid: 50, comm: 'sh' };
const MM = 0xffff888001234000n;
const MNI = 0xffff888004560000n;
const START = 0x7f0000000000n;
const END = 0x7f0000010000n;
const RANGE = { mm: MM, start: START, end: END };
const ms = (value: number): number => value * 1e6;
const s = (value: number): number => value * 1e9;

async function findings(made: Scenario, detector: string): Promise<Finding[]> {
  const { result } = await analyze(made.file(), { strict: true });
  const run = result.detectors.find((one) => one.detector === detector);
  expect(run?.outcome, run?.reason).not.toBe('not-observable');
  return result.findings.filter((finding) => finding.detector === detector);
}

const PROBES = [
  ...SVM_PROBES,
  ...DRIVER_PROBES,
  'p:svm/mmdrop_final __mmdrop mm=$arg1:x64',
  'p:svm/restore_work amdgpu:svm_range_restore_work work=$arg1:x64',
  'r:svm/restore_work_ret amdgpu:svm_range_restore_work',
  'p:svm/resume_mm amdgpu:kgd2kfd_resume_mm mm=$arg2:x64',
];

/** The app is born and registers a notifier on the range. */
const bound = (): Scenario =>
  scenario({ kernel: '6.12', probes: PROBES, enable: ['dma_fence:*', 'mmap:exit_mmap'] })
    .at(0, SHELL)
    .fork(APP.tid, APP.comm)
    .at(ms(1), APP)
    .exec('/bin/app')
    .after(1000)
    .probe('mni_insert', { mni: MNI, mm: MM, start: START, len: END - START })
    .after(1000)
    .probe('mni_insert_ret', { ret: 0 });

const readBegin = (made: Scenario): Scenario =>
  made.after(1000).probe('read_begin', { mni: MNI, start: START, last: END - 1n });
const rangeFault = (made: Scenario, seq: number, ret: number): Scenario =>
  made
    .after(1000)
    .probe('hmm_range_fault', { notifier: MNI, seq, start: START, end: END })
    .after(20_000)
    .probe('hmm_range_fault_ret', { ret });

describe('a worker that restores queues', () => {
  const rounds = (made: Scenario, count: number, ret: number): Scenario => {
    for (let n = 0; n < count; n += 1) {
      made.at(ms(50 + 2 * n), KWORKER).probe('restore_work', { work: 0xffff888007770000n });
      readBegin(made).after(1000).probe('read_begin_ret', { seq: 5 });
      rangeFault(made, 5, ret);
      if (ret === 0) made.after(1000).probe('resume_mm', { mm: MM });
      made.after(1000).probe('restore_work_ret');
    }
    return made;
  };

  it('and fails a hundred times in a row leaves the program standing', async () => {
    expect(await findings(rounds(bound(), 100, -14), 'restore-livelock')).toMatchObject([
      { severity: 'error', confidence: 'proven', key: { pid: APP.tid, tid: KWORKER.tid } },
    ]);
  });

  it('and succeeds each time is busy, not stuck', async () => {
    expect(await findings(rounds(bound(), 100, 0), 'restore-livelock')).toEqual([]);
  });

  it('is only suspected where events were lost', async () => {
    const made = rounds(bound(), 100, -14).loss(1, 7).at(s(1), KWORKER).probe('restore_work', {});
    expect(await findings(made, 'restore-livelock')).toMatchObject([{ confidence: 'suspect' }]);
  });
});

describe('an invalidation that waits for a job of the same memory', () => {
  /** munmap waits for fence 7:1; the device asks for a page of the range meanwhile. */
  const ring = (): Scenario => {
    const made = bound();
    // returns of read_begin are recorded
    readBegin(made).after(1000).probe('read_begin_ret', { seq: 1 });
    rangeFault(made, 1, 0);
    made.after(ms(1)).fence('init', 7, 1).after(ms(1));
    made.probe('inval_start', { ...RANGE, flags: 1, event: 0 });
    return made.after(1000).fence('wait_start', 7, 1);
  };

  it('is perhaps a deadlock where the device sleeps until the invalidation is over', async () => {
    const made = readBegin(ring().at(ms(20), KWORKER))
      .at(s(8), IDLE)
      .fence('init', 9, 1);
    expect(await findings(made, 'invalidate-deadlock')).toMatchObject([
      { severity: 'critical', confidence: 'likely', key: { pid: APP.tid } },
    ]);
  });

  it('is a hang where nothing more is known, and nothing when it comes back', async () => {
    const hang = ring().at(s(8), IDLE).fence('init', 9, 1);
    expect(await findings(hang, 'invalidate-deadlock')).toMatchObject([{ severity: 'error' }]);
    const back = ring()
      .at(s(2), APP)
      .fence('wait_end', 7, 1)
      .after(1000)
      .probe('inval_start_ret', { ret: 0 })
      .at(s(8), IDLE)
      .fence('init', 9, 1);
    expect(await findings(back, 'invalidate-deadlock')).toEqual([]);
  });
});

describe('memory that its own process takes away under a job', () => {
  /** The driver waits in vain for fence 7:1, which belongs to a job of the process. */
  const taken = (call: string, signalled: boolean): Scenario => {
    const made = bound();
    readBegin(made).after(1000).probe('read_begin_ret', { seq: 1 });
    rangeFault(made, 1, 0);
    made.after(ms(1)).fence('init', 7, 1).at(ms(20), APP).sysEnter(call);
    made.after(1000).probe('inval_start', { ...RANGE, flags: 1, event: 0 });
    made.after(1000).fence('wait_start', 7, 1);
    if (signalled) made.at(ms(30), IDLE).fence('signaled', 7, 1).at(ms(30), APP);
    else made.at(s(1), APP);
    made.after(1000).fence('wait_end', 7, 1).after(1000).probe('inval_start_ret', { ret: 0 });
    made.after(1000).probe('inval_end', RANGE).after(1000).sysExit(call);
    return made.at(s(3), IDLE).fence('init', 9, 1);
  };

  // mmap: of other memory at the same place (MAP_FIXED)
  it.each(['munmap', 'mremap', 'mmap'])('by %s', async (call) => {
    const [finding] = await findings(taken(call, false), 'unmap-under-job');
    expect(finding).toMatchObject({ severity: 'error', key: { pid: APP.tid } });
    expect(finding?.summary).toContain(call);
    const waited = await findings(taken(call, true), 'unmap-under-job');
    expect(waited.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });
});

describe('hmm_range_fault of 5.3 to 5.6', () => {
  it('gives the number of pages, which is no failure to be tried again', async () => {
    const made = bound();
    for (let n = 0; n < 60; n += 1) {
      readBegin(made.at(ms(50 + n), KWORKER))
        .after(1000)
        .probe('read_begin_ret', { seq: 1 });
      rangeFault(made, 1, 16);
    }
    const { result } = await analyze(made.file(), { strict: true });
    const told = result.findings.map(({ detector }) => detector);
    expect(told.filter((detector) => detector.startsWith('hmm-'))).toEqual([]);
  });
});

describe('a notifier that is inserted and removed round every bind', () => {
  it('costs something, and is mentioned as that', async () => {
    const made = bound();
    for (let n = 0; n < 3000; n += 1) {
      const mni = MNI + 0x100n + BigInt(n % 2);
      made
        .at(ms(10) + n * 400_000, APP)
        .probe('mni_insert', { mni, mm: MM, start: START, len: 4096 });
      made.after(1000).probe('mni_insert_ret', { ret: 0 });
      made.after(1000).probe('mni_remove', { mni, mm: MM });
    }
    expect(await findings(made, 'notifier-leak')).toMatchObject([{ severity: 'info' }]);
  });
});

describe('a process that dies', () => {
  const dead = (): Scenario =>
    bound()
      .fence('init', 7, 1)
      .at(ms(50), APP)
      .probe('mm_release', { mm: MM })
      .after(1000)
      .event('mmap:exit_mmap', { mm: MM })
      .after(1000)
      .exit();
  const closed = (made: Scenario, at: number): Scenario =>
    made.at(at, APP).probe('mni_remove', { mni: MNI, mm: MM });

  it('leaves a context without memory until its file is closed', async () => {
    const busy = dead().at(ms(300), IDLE).fence('signaled', 7, 1);
    expect(await findings(closed(busy, ms(350)), 'exit-gap')).toMatchObject([
      { severity: 'warn', confidence: 'likely', key: { pid: APP.tid } },
    ]);
    expect(await findings(closed(dead(), ms(51)), 'exit-gap')).toEqual([]);
  });

  it('must have its notifier of the whole mm put', async () => {
    const probes = [
      'p:svm/mn_get mmu_notifier_get_locked ops=$arg1:x64 mm=$arg2:x64',
      'r:svm/mn_get_ret mmu_notifier_get_locked ret=$retval:x64',
      'p:svm/mn_put mmu_notifier_put mn=$arg1:x64',
    ];
    const lived = (put: boolean): Scenario => {
      const made = scenario({ kernel: '6.12', probes, enable: ['mmap:exit_mmap'] })
        .at(0, SHELL)
        .fork(APP.tid, APP.comm)
        .at(ms(1), APP)
        .exec('/bin/app')
        .after(1000)
        .probe('mn_get', { ops: 0xffffffffc0401000n, mm: MM })
        .after(1000)
        .probe('mn_get_ret', { ret: MNI })
        .at(ms(50), APP)
        .event('mmap:exit_mmap', { mm: MM })
        .after(1000)
        .exit();
      if (put) made.after(1000).probe('mn_put', { mn: MNI });
      return made.at(s(3), IDLE).event('sched:sched_process_free', { pid: 9 });
    };
    expect(await findings(lived(false), 'notifier-leak')).toMatchObject([
      { severity: 'warn', key: { pid: APP.tid, what: 'subscription' } },
    ]);
    expect(await findings(lived(true), 'notifier-leak')).toEqual([]);
  });

  it('must not be faulted for afterwards', async () => {
    const late = dead().at(ms(60), KWORKER);
    readBegin(late).after(1000).probe('read_begin_ret', { seq: 9 });
    expect(await findings(rangeFault(late, 9, 0), 'get-unless-zero-dying')).toMatchObject([
      { severity: 'error', confidence: 'proven', key: { pid: APP.tid, tid: KWORKER.tid } },
    ]);
    const early = bound().at(ms(20), KWORKER);
    readBegin(early).after(1000).probe('read_begin_ret', { seq: 9 });
    const served = rangeFault(early, 9, 0).at(ms(50), APP).probe('mm_release', { mm: MM });
    expect(await findings(served, 'get-unless-zero-dying')).toEqual([]);
  });
});

describe('a retry loop', () => {
  const loop = (inside: boolean): Scenario => {
    const made = bound().at(ms(10), APP);
    let seq = 1;
    readBegin(made).after(1000).probe('read_begin_ret', { seq });
    made.at(ms(11), KWORKER).invalidate({ ...RANGE, event: 1, takes: 1000 });
    made.by(APP);
    for (let n = 0; n < 40; n += 1) {
      rangeFault(made.after(ms(25)), seq, -16);
      if (!inside) continue;
      seq += 2;
      readBegin(made).after(1000).probe('read_begin_ret', { seq });
      made
        .by(KWORKER)
        .after(1000)
        .invalidate({ ...RANGE, event: 1, takes: 1000 })
        .by(APP);
    }
    return made.after(ms(1)).exit();
  };

  it('with read_begin outside of it cannot win', async () => {
    const [finding] = await findings(loop(false), 'hmm-stale-sequence');
    expect(finding).toMatchObject({ severity: 'error', confidence: 'proven' });
    expect(finding?.summary).toContain('1 × HMM_RANGE_DEFAULT_TIMEOUT');
  });

  it('with read_begin inside is a storm, no more', async () => {
    expect(await findings(loop(true), 'hmm-stale-sequence')).toEqual([]);
    expect(await findings(loop(true), 'hmm-retry-storm')).toHaveLength(1);
  });
});
