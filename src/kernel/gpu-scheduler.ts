import type { Fields } from '../parsers/parser.ts';
import { small, string, word } from './arguments.ts';
import type { Moment, Occurrence } from './occurrence.ts';
import { type Rule, rule, type Subsystem } from './subsystem.ts';

const SOURCE = 'gpu_scheduler';

/**
 * drivers/gpu/drm/scheduler/gpu_scheduler_trace.h. Up to 6.16 a job is (ring, id) and the pointer of
 * its finished fence; later the finished fence's context:seqno, with renamed events.
 */
export const gpuScheduler: Subsystem = {
  name: 'gpu-scheduler',
  events: {
    'gpu_scheduler:drm_sched_job': job('job.queue'),
    'gpu_scheduler:drm_run_job': job('job.run'),
    'gpu_scheduler:drm_sched_process_job': done(),
    'gpu_scheduler:drm_sched_job_wait_dep': rule('job.depends', waitDep),
    'gpu_scheduler:drm_sched_job_queue': job('job.queue'),
    'gpu_scheduler:drm_sched_job_run': job('job.run'),
    'gpu_scheduler:drm_sched_job_done': done(),
    'gpu_scheduler:drm_sched_job_add_dep': depends(false),
    'gpu_scheduler:drm_sched_job_unschedulable': depends(true),
    // 4.9 to 4.15, when the scheduler was amdgpu's own
    'gpu_sched:amd_sched_job': job('job.queue'),
    'gpu_sched:amd_sched_process_job': done(),
    'amd_sched:amd_sched_job': job('job.queue'),
    'amd_sched:amd_sched_process_job': done(),
  },
};

function job(kind: 'job.queue' | 'job.run'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    ring: string(fields.name) ?? '',
    dev: string(fields.dev),
    id: word(fields.id),
    entity: word(fields.entity),
    fence: word(fields.fence),
    context: word(fields.fence_context),
    seqno: word(fields.fence_seqno),
    source: SOURCE,
    client: word(fields.client_id),
    ...moment,
  }));
}

function done(): Rule {
  return rule('job.done', (fields, moment) => ({
    kind: 'job.done',
    fence: word(fields.fence),
    context: word(fields.fence_context),
    seqno: word(fields.fence_seqno),
    ...moment,
  }));
}

/** Says that the dependency was not signalled when the scheduler looked. */
function waitDep(fields: Fields, moment: Moment): Occurrence {
  return {
    kind: 'job.depends',
    fence: undefined,
    context: undefined,
    seqno: undefined,
    id: word(fields.id),
    ring: string(fields.name),
    onFence: word(fields.fence),
    onContext: word(fields.ctx),
    onSeqno: small(fields.seqno),
    blocked: true,
    ...moment,
  };
}

function depends(blocked: boolean): Rule {
  return rule('job.depends', (fields, moment) => ({
    kind: 'job.depends',
    fence: undefined,
    context: word(fields.fence_context),
    seqno: word(fields.fence_seqno),
    id: undefined,
    ring: undefined,
    onFence: undefined,
    onContext: word(fields.ctx),
    onSeqno: word(fields.seqno),
    blocked,
    ...moment,
  }));
}
