import type { Fields } from '../parsers/parser.ts';
import { small, word } from './arguments.ts';
import { type Rule, rule, type Subsystem } from './subsystem.ts';

/**
 * drivers/gpu/drm/i915/i915_trace.h. A request is its fence (ctx:seqno). With
 * DRM_I915_LOW_LEVEL_TRACEPOINTS off only queue, add, retire and the waits exist; retire is an upper
 * bound of "done".
 */
export const i915: Subsystem = {
  name: 'i915',
  events: {
    'i915:i915_request_add': request('job.queue'),
    'i915:i915_request_execute': request('job.run'),
    'i915:i915_request_in': request('job.run'),
    'i915:i915_request_retire': rule('job.done', (fields, moment) => ({
      kind: 'job.done',
      fence: undefined,
      context: word(fields.ctx),
      seqno: word(fields.seqno),
      ...moment,
    })),
  },
  roles: {
    // the mmu_notifier of 4.x and the interval notifier since 5.9
    userptr_mn_invalidate_range_start: 'invalidate-callback',
    i915_gem_userptr_invalidate: 'invalidate-callback',
    i915_gem_object_userptr_submit_init: 'range-fault-wrapper',
  },
};

function request(kind: 'job.queue' | 'job.run'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    ring: engine(fields),
    dev: String(small(fields.dev) ?? ''),
    id: undefined,
    entity: undefined,
    fence: undefined,
    context: word(fields.ctx),
    seqno: word(fields.seqno),
    source: 'i915',
    ...moment,
  }));
}

/** `class:instance` as the event prints it. */
function engine(fields: Fields): string {
  return `${small(fields.class) ?? '?'}:${small(fields.instance) ?? '?'}`;
}
