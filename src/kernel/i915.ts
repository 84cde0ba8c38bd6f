import type { Fields } from '../parsers/parser.ts';
import { plus, small, word } from './arguments.ts';
import type { Moment, Occurrence, Word } from './occurrence.ts';
import { kept, type Rule, rule, type Subsystem } from './subsystem.ts';

/** The function whose events stand for its entry and its return (i915_request.c). */
const WAIT = 'i915_request_wait_timeout';

/**
 * drivers/gpu/drm/i915/i915_trace.h. A request is its fence (ctx:seqno); up to 4.12 the events know
 * no context, and the seqno is one of the ring. With DRM_I915_LOW_LEVEL_TRACEPOINTS off only queue,
 * add, retire and the waits exist; retire is an upper bound of "done".
 */
export const i915: Subsystem = {
  name: 'i915',
  events: {
    'i915:i915_request_queue': kept,
    'i915:i915_request_add': request('job.queue'),
    'i915:i915_request_guc_submit': request('job.run'),
    'i915:i915_request_execute': request('job.run'),
    'i915:i915_request_in': request('job.run'),
    'i915:i915_request_out': rule('job.done', (fields, moment) =>
      // else it was preempted and will be back
      Number(word(fields.completed) ?? 0) === 0 ? undefined : over(fields, moment),
    ),
    'i915:i915_request_retire': rule('job.done', over),
    'i915:i915_request_submit': kept,
    'i915:i915_request_wait_begin': waitBegin(),
    'i915:i915_request_wait_end': waitEnd(),
    // up to 4.17
    'i915:i915_gem_request_add': request('job.queue'),
    'i915:i915_gem_ring_dispatch': request('job.run'),
    'i915:i915_gem_request_execute': request('job.run'),
    'i915:i915_gem_request_in': request('job.run'),
    'i915:i915_gem_request_complete': rule('job.done', over),
    'i915:i915_gem_request_retire': rule('job.done', over),
    'i915:i915_gem_request_out': kept,
    'i915:i915_gem_request_submit': kept,
    'i915:i915_gem_request_queue': kept,
    'i915:i915_gem_request_notify': kept,
    'i915:i915_gem_request_wait_begin': waitBegin(),
    'i915:i915_gem_request_wait_end': waitEnd(),
    'i915:i915_gem_ring_sync_to': kept,
    'i915:i915_gem_ring_flush': kept,
    'i915:i915_gem_evict_everything': kept,
    'i915:i915_ppgtt_create': vm('vm.created'),
    'i915:i915_ppgtt_release': vm('vm.freed'),
    'i915:i915_vma_bind': mapping('mapping.bound'),
    'i915:i915_vma_unbind': mapping('mapping.unbound'),
    'i915:i915_gem_evict': kept,
    'i915:i915_gem_evict_vm': kept,
    'i915:i915_gem_evict_node': kept,
    'i915:i915_gem_shrink': kept,
    'i915:i915_context_create': kept,
    'i915:i915_context_free': kept,
    'i915:intel_context_ban': kept,
    'i915:intel_context_reset': kept,
  },
  roles: {
    // the mmu_notifier of 4.x and the interval notifier since 5.9
    userptr_mn_invalidate_range_start: 'invalidate-callback',
    i915_gem_userptr_invalidate: 'invalidate-callback',
    i915_gem_object_userptr_submit_init: 'range-fault-wrapper',
  },
  probes: {
    // gt/intel_reset.c: of one engine or of the whole GT
    intel_gt_reset: { enter: reset('intel_gt_reset') },
    intel_engine_reset: { enter: reset('intel_engine_reset') },
  },
};

function reset(what: string): Rule {
  return rule('device.reset_start', (_fields, moment) => ({
    kind: 'device.reset_start',
    driver: 'i915',
    sequence: undefined,
    cause: what,
    ...moment,
  }));
}

/** Up to 4.12 the events know no context: the seqno is one of the ring, and names no fence. */
function waitBegin(): Rule {
  return rule('fence.wait_call', (fields, moment) => ({
    kind: 'fence.wait_call',
    function: WAIT,
    context: word(fields.ctx),
    seqno: fields.ctx === undefined ? undefined : word(fields.seqno),
    ...moment,
  }));
}

function waitEnd(): Rule {
  return rule('fence.wait_return', (_fields, moment) => ({
    kind: 'fence.wait_return',
    function: WAIT,
    ret: undefined,
    ...moment,
  }));
}

function request(kind: 'job.queue' | 'job.run'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    ring: engine(fields),
    dev: String(small(fields.dev) ?? ''),
    id: number(fields),
    entity: undefined,
    fence: undefined,
    context: word(fields.ctx),
    seqno: word(fields.seqno),
    source: 'i915',
    ...moment,
  }));
}

function over(fields: Fields, moment: Moment): Occurrence {
  return {
    kind: 'job.done',
    fence: undefined,
    context: word(fields.ctx),
    seqno: word(fields.seqno),
    ring: engine(fields),
    id: number(fields),
    ...moment,
  };
}

/** Where no context is recorded the request's only name is its number on the ring. */
function number(fields: Fields): Word | undefined {
  return fields.ctx === undefined ? word(fields.seqno) : undefined;
}

/** `class:instance` as the event prints it; the ring's number up to 4.17. */
function engine(fields: Fields): string {
  const ring = small(fields.ring);
  if (ring !== undefined) return `dev ${small(fields.dev) ?? '?'} ring ${ring}`;
  return `${small(fields.class) ?? '?'}:${small(fields.instance) ?? '?'}`;
}

function vm(kind: 'vm.created' | 'vm.freed'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    driver: 'i915',
    dev: String(small(fields.dev) ?? ''),
    vm: word(fields.vm),
    asid: undefined,
    ...moment,
  }));
}

function mapping(kind: 'mapping.bound' | 'mapping.unbound'): Rule {
  return rule(kind, (fields, moment) => {
    const start = word(fields.offset);
    const size = word(fields.size);
    return {
      kind,
      driver: 'i915',
      dev: undefined,
      vm: word(fields.vm),
      asid: undefined,
      mapping: undefined,
      object: word(fields.obj),
      start,
      end: start === undefined || size === undefined ? undefined : plus(start, size),
      userptr: undefined,
      ...moment,
    };
  });
}
