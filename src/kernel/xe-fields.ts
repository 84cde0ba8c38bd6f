/** Pieces that the events of drivers/gpu/drm/xe/xe_trace.h share. */
import type { Fields } from '../parsers/parser.ts';
import { plus, small, string, word } from './arguments.ts';
import type { Moment, Occurrence, Word } from './occurrence.ts';
import { type Rule, rule } from './subsystem.ts';

/** enum xe_engine_class, and the names of its queues (xe_hw_engine_types.h, xe_guc_submit.c). */
const ENGINES: readonly string[] = ['rcs', 'vcs', 'vecs', 'bcs', 'other', 'ccs'];

export function engineName(fields: Fields): string | undefined {
  return ENGINES[small(fields.class) ?? -1];
}

/** What names an exec queue: its guc_id, per GT; the id is given away again. */
export function queueOf(fields: Fields): {
  dev: string | undefined;
  gt: number | undefined;
  number: number;
} {
  return { dev: string(fields.dev), gt: small(fields.gt_id), number: small(fields.guc_id) ?? -1 };
}

/**
 * The fence is the job's hardware fence, an array of them for a queue of several engines; the
 * scheduler's events of the same job name another.
 */
export function jobRule(kind: 'job.queue' | 'job.run'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    ring: ringName(fields),
    dev: string(fields.dev),
    id: word(fields.lrc_seqno),
    entity: undefined,
    fence: word(fields.fence),
    context: undefined,
    seqno: undefined,
    source: 'xe',
    queue: small(fields.guc_id),
    gt: small(fields.gt_id),
    ...moment,
  }));
}

export function jobOverRule(): Rule {
  return rule('job.done', (fields, moment) => ({
    kind: 'job.done',
    fence: word(fields.fence),
    context: undefined,
    seqno: undefined,
    ring: ringName(fields),
    id: word(fields.lrc_seqno),
    ...moment,
  }));
}

export function jobFailedRule(what: 'error' | 'timeout' | 'ban'): Rule {
  return rule('job.failed', (fields, moment) => {
    const error = small(fields.error);
    return {
      kind: 'job.failed',
      what,
      ring: ringName(fields),
      id: word(fields.lrc_seqno),
      fence: word(fields.fence),
      error: error === undefined || error >= 0 ? undefined : error,
      ...moment,
    };
  });
}

/** Device and queue together: jobs are numbered per queue. */
function ringName(fields: Fields): string {
  const gt = small(fields.gt_id);
  const place = gt === undefined ? '' : ` gt ${gt}`;
  return `${string(fields.dev) ?? 'xe'}${place} guc_id ${small(fields.guc_id) ?? '?'}`;
}

export function mappingRule(
  kind: 'mapping.bound' | 'mapping.unbound' | 'mapping.invalidated',
): Rule {
  return rule(kind, (fields, moment) => ({ kind, ...mapping(fields), ...moment }));
}

/** xe_vma: `end` is the last byte; `ptr` is the CPU address of a userptr, 0 for all others. */
function mapping(fields: Fields): {
  driver: string;
  dev: string | undefined;
  vm: Word | undefined;
  asid: number | undefined;
  mapping: Word | undefined;
  object: undefined;
  start: Word | undefined;
  end: Word | undefined;
  userptr: Word | undefined;
} {
  const userptr = word(fields.ptr);
  const last = word(fields.end);
  return {
    driver: 'xe',
    dev: string(fields.dev),
    vm: word(fields.vm),
    asid: small(fields.asid),
    mapping: word(fields.vma),
    object: undefined,
    start: word(fields.start),
    end: last === undefined ? undefined : plus(last, 1),
    userptr: userptr === undefined || Number(userptr) === 0 ? undefined : userptr,
  };
}

export function vmRule(kind: 'vm.created' | 'vm.killed' | 'vm.freed'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    driver: 'xe',
    dev: string(fields.dev),
    vm: word(fields.vm),
    asid: small(fields.asid),
    ...moment,
  }));
}

export function queueRule(kind: 'queue.created' | 'queue.destroyed'): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    driver: 'xe',
    engine: engineName(fields),
    ...queueOf(fields),
    ...moment,
  }));
}

type QueueState = Extract<Occurrence, { kind: 'queue.state' }>['state'];

export function queueStateRule(state: QueueState): Rule {
  return rule('queue.state', (fields, moment) => ({
    kind: 'queue.state',
    driver: 'xe',
    state,
    ...queueOf(fields),
    ...moment,
  }));
}

export function powerRule(what: Extract<Occurrence, { kind: 'device.power' }>['what']): Rule {
  return rule('device.power', (fields, moment) => ({
    kind: 'device.power',
    what,
    driver: 'xe',
    name: string(fields.dev),
    ...moment,
  }));
}

export function tlbRule(kind: 'tlb.sent' | 'tlb.answered' | 'tlb.timeout'): Rule {
  return rule(kind, (fields, moment: Moment) => ({
    kind,
    source: 'xe',
    dev: string(fields.dev),
    fence: word(fields.fence),
    seqno: small(fields.seqno) ?? 0,
    ...moment,
  }));
}
