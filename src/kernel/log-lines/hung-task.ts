/** kernel/hung_task.c, kernel/watchdog.c, kernel/workqueue.c: what has waited or run for too long. */
import type { LogParts } from './log-record.ts';
import type { Groups, LogSource } from './shape.ts';

const HUNG = ['hung-task'] as const;

/** Frames that say what is waited for, or on whose behalf: fences, notifiers, HMM, the GPU drivers. */
const FRAME =
  /^(?<place>(?:dma_fence|dma_resv|drm|ttm|amdgpu|kgd2kfd|kfd|svm|xe|i915|nouveau|nvkm|hmm|mmu_interval|__mmu_notifier|mmu_notifier|migrate|mmap_read|mmap_write|dup_mmap|exit_mmap|do_exit|rwsem_down|down_read|down_write|__mutex_lock|mutex_lock|iommu|intel_iommu|oom_reaper|unmap|zap)\w*)(?:\.\w+)*\+0x/;
/** Up to 6.11 a stack frame can have an address in front. */
const ADDRESS = /^\[<[\da-f]+>\] /;

/** Workers whose hogging is about GPU memory. */
const OURS =
  /^(?:svm_|amdgpu|kfd|xe_|i915|drm|ttm|nouveau|nvkm|dma_fence|restore_|pf_queue|prq|intel_)/;

export const hungTask: LogSource = {
  name: 'hung-task',
  concerns: ({ body }) =>
    /^(?:I?NFO: task |Future hung task|watchdog: BUG: soft|NMI watchdog: BUG: soft|BUG: soft|workqueue: )/.test(
      body,
    ),
  trim: ADDRESS,
  heads: [
    {
      class: 'hung-task',
      line: /^I?NFO: task (?<comm>.{1,64}?):(?<tid>\d+) (?:<.{0,40}> )?blocked (?:in I\/O wait )?for more than (?<seconds>\d+) seconds/,
      body: 'optional',
    },
    { class: 'hung-task-silenced', line: /^Future hung task reports are suppressed/ },
    {
      class: 'soft-lockup',
      line: /^(?:NMI )?(?:watchdog: )?BUG: soft lockup - CPU#\d+ stuck for (?<seconds>\d+)s! \[(?<comm>.{1,64}?):(?<tid>\d+)\]/,
    },
    {
      class: 'workqueue-hog',
      line: new RegExp(
        `^workqueue: (?=${OURS.source.slice(1)})(?<function>\\w+)(?: \\[\\w+\\])? hogged CPU for >\\d+us (?<running>\\d+) times`,
      ),
      adds: { hint: 'a running count: it includes the times reported before' },
    },
  ],
  parts: [
    {
      of: HUNG,
      line: /^I?NFO: task .{1,64}?:\d+ (?:<.{0,40}> )?(?:is )?blocked on an? (?<lock>[\w-]+)(?:,? .{0,40}?) owned by task (?<owner>.{1,80}?)\.?$/,
      refine: owned,
    },
    {
      of: HUNG,
      line: /^task:.{1,64}? +state:\w .{0,40}?pid: *(?<tid>\d+)(?: +tgid: *(?<pid>\d+))? +ppid:/,
    },
    { of: HUNG, line: FRAME },
    { of: HUNG, line: /^<\/TASK>/, last: HUNG },
  ],
};

function owned(parts: LogParts, groups: Groups): void {
  parts.meaning = `waits for a ${groups.lock} likely owned by ${groups.owner}`;
}
