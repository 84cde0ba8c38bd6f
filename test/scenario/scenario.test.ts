import { describe, expect, it } from 'vitest';
import { openCapture } from '../../src/parsers/detect.ts';
import { hasTraceCmd, traceCmdReport } from '../trace-cmd.ts';
import {
  DRIVER_PROBES,
  type Scenario,
  type ScenarioOptions,
  SVM_PROBES,
  scenario,
} from './scenario.ts';

const MM = 0xffff888001234000n;

/** Something of everything: probes, strings, big deltas, losses, discarded events, two buffers. */
function everything(options: ScenarioOptions): Scenario {
  return scenario({ probes: [...SVM_PROBES, ...DRIVER_PROBES], ...options })
    .at(1_000_000, { cpu: 0, tid: 100, comm: 'app-1 [x]' })
    .fork(101, 'child')
    .fence('init', 7, 1, { driver: 'vma unbind fence', timeline: '[i915]' })
    .after(5_000)
    .fence('emit', 7, 1)
    .after(5_000_000_000n)
    .probe('inval_start', {
      mm: MM,
      start: 0x7f0000000000n,
      end: 0x7f0000001000n,
      event: 2,
      flags: 1,
    })
    .after(20_000_000)
    .absolute()
    .probe('inval_start_ret', { ret: -11 })
    .discarded(12)
    .after(10)
    .sysEnter('munmap', { addr: 0x1000, len: 4096 })
    .sysExit('munmap', -22)
    .newPage()
    .after(10)
    .event('gpu_scheduler:drm_run_job', {
      entity: MM,
      fence: MM + 64n,
      name: 'gfx',
      id: 2n ** 63n,
      job_count: 1,
      hw_job_count: -1,
    })
    .by({ cpu: 3, tid: 0, comm: 'swapper/3' })
    .after(100)
    .fence('signaled', 7, 1)
    .after(5)
    .loss(3, 77)
    .fence('signaled', 7, 2)
    .after(5)
    .loss(3, null)
    .fence('signaled', 7, 3);
}

const LAYOUTS: readonly ScenarioOptions[] = [
  { version: 7 },
  { version: 6 },
  { version: 7, compression: 'zstd' },
  { version: 7, endian: 'big' },
  { version: 6, endian: 'big' },
  { version: 7, compression: 'zstd', endian: 'big', pageSize: 65536 },
  { version: 7, pageSize: 8192 },
  { version: 6, pageSize: 65536 },
  { version: 7, longSize: 4 },
  { version: 6, longSize: 4, endian: 'big' },
];

describe.skipIf(!hasTraceCmd)('what the scenario writer writes is read by trace-cmd', () => {
  it.each(LAYOUTS)('%j', (options) => {
    const written = everything(options);
    const report = traceCmdReport(written.file());
    expect(report.complaints).toBe('');
    expect(report.notices).toEqual(['CPU:3 [77 EVENTS DROPPED]', 'CPU:3 [EVENTS DROPPED]']);
    expect(report.events.map(({ name, cpu, tid, ts }) => [name, cpu, tid, ts])).toEqual(
      written.events.map(({ type, cpu, tid, ts }) => [
        type.split(':')[1],
        cpu,
        tid,
        `${ts / 1_000_000_000n}.${String(ts % 1_000_000_000n).padStart(9, '0')}`,
      ]),
    );
    expect(report.events.map(({ payload }) => payload)).toEqual([
      'comm=app-1 [x] pid=100 child_comm=child child_pid=101',
      'driver=vma unbind fence timeline=[i915] context=7 seqno=1',
      'driver=test timeline=ring0 context=7 seqno=1',
      expect.stringMatching(
        /^\([0-9a-f]+\) mm=0xffff888001234000 start=0x7f0000000000 end=0x7f0000001000 flags=1 event=2$/,
      ),
      expect.stringMatching(/^\([0-9a-f]+ <- [0-9a-f]+\) ret=-11$/),
      'addr: 0x00001000, len: 0x00001000',
      '0xffffffffffffffea',
      'entity=0xffff888001234000, id=9223372036854775808, fence=0xffff888001234040, ring=gfx, job count:1, hw job count:-1',
      'driver=test timeline=ring0 context=7 seqno=1',
      'driver=test timeline=ring0 context=7 seqno=2',
      'driver=test timeline=ring0 context=7 seqno=3',
    ]);
  });

  it('keeps instances apart', () => {
    for (const version of [6, 7] as const) {
      const path = scenario({ version })
        .at(0, { cpu: 1, tid: 5, comm: 'top' })
        .fence('init', 1, 1)
        .inBuffer('gpu')
        .after(1_000)
        .fence('signaled', 1, 1)
        .file();
      const report = traceCmdReport(path);
      expect(report.complaints).toBe('');
      expect(report.events.map(({ buffer, name }) => `${buffer} ${name}`)).toEqual([
        ' dma_fence_init',
        'gpu dma_fence_signaled',
      ]);
    }
  });

  it('writes function tracer records with symbols', () => {
    const path = scenario()
      .at(0, { tid: 5, comm: 'app' })
      .function('hmm_range_fault', 'sl_do_fault')
      .after(10)
      .function('sl_ioctl', 'hmm_range_fault', 'svmlab')
      .file();
    const report = traceCmdReport(path, '-N');
    expect(report.complaints).toBe('');
    expect(report.events.map(({ payload }) => payload)).toEqual([
      'hmm_range_fault <-- sl_do_fault',
      'sl_ioctl <-- hmm_range_fault',
    ]);
  });

  it('lists enabled types that never fire', () => {
    const path = scenario({ enable: ['xe:*'] })
      .at(0, { tid: 5 })
      .fence('init', 1, 1)
      .file();
    expect(traceCmdReport(path).complaints).toBe('');
  });
});

describe('the scenario writer refuses mistakes of the test', () => {
  it('unknown events, fields, probes', () => {
    expect(() => scenario().event('dma_fence:dma_fence_gone')).toThrow('no format');
    expect(() => scenario().event('dma_fence:dma_fence_init', { ctx: 1 })).toThrow(
      'has no field ctx',
    );
    expect(() => scenario().probe('inval_start')).toThrow('no probe inval_start');
  });

  it('but sorts events put in any order of time', () => {
    const written = scenario().at(10).fence('emit', 1, 1).at(5).fence('init', 1, 1);
    const capture = openCapture(written.file());
    const names: (string | undefined)[] = [];
    for (const batch of capture.batches()) {
      for (const type of batch.type.subarray(0, batch.length)) {
        names.push(capture.header.eventTypes[type]?.name);
      }
    }
    capture.close();
    expect(names).toEqual(['dma_fence_init', 'dma_fence_emit']);
  });
});
