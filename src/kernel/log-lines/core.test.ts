import { describe, expect, it } from 'vitest';
import { record, records } from '../../../test/log-records.ts';

describe('hung tasks', () => {
  it.each([
    ['4.x', 'sim worker    D    0  4242   4200 0x00000004'],
    ['5.10', 'task:sim worker       state:D stack:    0 pid: 4242 ppid:  4200 flags:0x00000004'],
    [
      '6.8',
      'task:sim worker       state:D stack:0     pid:4242  tgid:4200  ppid:1      flags:0x00000004',
    ],
    [
      '6.15',
      'task:sim worker       state:D stack:0     pid:4242  tgid:4200  ppid:1      task_flags:0x400040 flags:0x00004002',
    ],
  ])('of %s name the task and what it waits for', (_version, state) => {
    expect(
      record(
        'INFO: task sim worker:4242 blocked for more than 122 seconds.',
        '      Tainted: G           OE      6.8.0-40-generic #40',
        '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
        state,
        'Call Trace:',
        ' <TASK>',
        ' __schedule+0x27c/0x6a0',
        ' dma_fence_default_wait+0x1b3/0x240',
        ' ? __pfx_dma_fence_default_wait_cb+0x10/0x10',
        ' dma_resv_wait_timeout+0x71/0xc0',
        ' __mmu_notifier_invalidate_range_start+0x9d/0x1c0',
        ' unmap_vmas+0xf8/0x180',
        ' </TASK>',
      ),
    ).toMatchObject({
      class: 'hung-task',
      comm: 'sim worker',
      threadId: 4242,
      seconds: 122,
      places: [
        'dma_fence_default_wait',
        'dma_resv_wait_timeout',
        '__mmu_notifier_invalidate_range_start',
        'unmap_vmas',
      ],
    });
  });

  it('name the process of a thread from 6.8 on', () => {
    expect(
      record(
        'INFO: task a:b:17 blocked for more than 120 seconds.',
        'task:a:b             state:D stack:0     pid:17  tgid:9  ppid:1      flags:0x00000004',
      ),
    ).toMatchObject({ comm: 'a:b', threadId: 17, pid: 9 });
  });

  it('name the owner of the mutex', () => {
    expect(
      record(
        'INFO: task app:17 blocked for more than 120 seconds.',
        'INFO: task app:17 is blocked on a mutex likely owned by task kworker/u8:3:88.',
      ).meaning,
    ).toBe('waits for a mutex likely owned by kworker/u8:3:88');
  });

  it('that lost a letter', () => {
    expect(record('NFO: task app:17 blocked for more than 120 seconds.').threadId).toBe(17);
  });

  it('are silenced after some', () => {
    expect(
      record('Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings').class,
    ).toBe('hung-task-silenced');
  });

  it('a soft lockup', () => {
    expect(
      record('watchdog: BUG: soft lockup - CPU#5 stuck for 26s! [kworker/5:1:88]'),
    ).toMatchObject({ class: 'soft-lockup', seconds: 26, comm: 'kworker/5:1', threadId: 88 });
  });
});

describe('lockdep', () => {
  it('names the locks of the cycle', () => {
    expect(
      record(
        'WARNING: possible circular locking dependency detected',
        '6.9.0-rc3 #12 Tainted: G        W',
        'sim worker/4242 is trying to acquire lock:',
        'ffff8881120f0e68 (&prange->lock){+.+.}-{3:3}, at: svm_range_cpu_invalidate_pagetables+0x3f/0x1c0',
        '',
        'but task is already holding lock:',
        'ffffffff8327ac40 (mmu_notifier_invalidate_range_start){+.+.}-{0:0}, at: unmap_vmas+0x0/0x180',
        '-> #1 (fs_reclaim){+.+.}-{0:0}:',
        'stack backtrace:',
      ),
    ).toMatchObject({
      class: 'lockdep',
      comm: 'sim worker',
      threadId: 4242,
      places: ['&prange->lock', 'mmu_notifier_invalidate_range_start', 'fs_reclaim'],
      meaning: 'possible circular locking dependency detected',
    });
  });

  it('filtered down to its first line', () => {
    expect(record('WARNING: possible recursive locking detected').bodyMissing).toBe(true);
  });
});

describe('the end of memory', () => {
  it.each([
    [
      'app x invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER), order=0',
      { class: 'oom-invoked', comm: 'app x' },
    ],
    [
      'Out of memory: Killed process 733 (app x) total-vm:1kB, anon-rss:1kB, file-rss:0kB',
      { class: 'oom-kill', pid: 733, comm: 'app x' },
    ],
    ['Killed process 733 (app x) total-vm:1kB', { class: 'oom-kill', pid: 733 }],
    [
      'Memory cgroup out of memory: Killed process 733 (app x) total-vm:1kB',
      { class: 'oom-kill', pid: 733 },
    ],
    [
      'oom_reaper: reaped process 733 (app x), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB',
      { class: 'oom-reaped', pid: 733 },
    ],
    ['oom_reaper: unable to reap pid:733 (app x)', { class: 'oom-reap-failed', pid: 733 }],
    [
      'kfd_mmu_invalidate+0x0/0x80 [amdgpu] callback failed with -11 in non-blockable context.',
      {
        class: 'notifier-callback-failed',
        function: 'kfd_mmu_invalidate',
        errno: -11,
        meaning: 'non-blockable',
      },
    ],
  ])('%s', (line, expected) => {
    expect(record(line)).toMatchObject(expected);
  });
});

describe('fences', () => {
  it.each([
    [
      '6.12',
      'WARNING: CPU: 3 PID: 41 at drivers/dma-buf/dma-fence.c:538 dma_fence_release+0xa5/0x140',
    ],
    [
      '7.x',
      'WARNING: drivers/dma-buf/dma-fence.c:577 at dma_fence_release+0x8d/0xf0, CPU#3: kworker/3:1/41',
    ],
  ])('dropped unsignalled (%s)', (_version, warning) => {
    const fence = 'Fence gpu:gpu-ring1:1f:2c released with pending signals!';
    expect(record('------------[ cut here ]------------', fence, warning)).toMatchObject({
      class: 'fence-dropped',
      fence: 'gpu:gpu-ring1:1f:2c',
      seqno: 0x2c,
      events: [2, 3],
    });
    expect(record(warning).class).toBe('fence-dropped');
  });

  it('a warning of the code around them', () => {
    expect(
      record(
        'WARNING: CPU: 1 PID: 9 at drivers/gpu/drm/scheduler/sched_main.c:610 drm_sched_job_arm+0x3/0x9',
      ),
    ).toMatchObject({ class: 'kernel-warning', function: 'drm_sched_job_arm' });
    expect(records('WARNING: CPU: 1 PID: 9 at net/core/dev.c:10 dev_foo+0x3/0x9')).toEqual([]);
  });
});

it.each([
  [
    'workqueue: svm_range_restore_work [amdgpu] hogged CPU for >10000us 19 times, consider switching to WQ_UNBOUND',
    { class: 'workqueue-hog', function: 'svm_range_restore_work', running: 19 },
  ],
  [
    'gmc_v11_0_process_interrupt: 34 callbacks suppressed',
    { class: 'suppressed', function: 'gmc_v11_0_process_interrupt', hiddenAtLeast: 34 },
  ],
  ['dmar_fault: 893 callbacks suppressed', { class: 'suppressed', hiddenAtLeast: 893 }],
  ['amd_iommu_report_page_fault: 7 callbacks suppressed', { class: 'suppressed' }],
  [
    'amdxdna 0000:c5:00.1: [drm] *ERROR* amdxdna_drm_open: SVA bind device failed, ret -95',
    { class: 'sva-bind-failed', errno: -95, device: '0000:c5:00.1' },
  ],
  ['pcieport 0000:40:01.1: pciehp: Slot(3): Card not present', { class: 'unplug' }],
  [
    'i915 0000:00:02.0: [drm] *ERROR* [CRTC:82:pipe A] flip_done timed out',
    { class: 'flip-timeout' },
  ],
])('%s', (line, expected) => {
  expect(record(line)).toMatchObject(expected);
});
