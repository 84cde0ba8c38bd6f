import type { OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Row, Table } from '../../store/table.ts';
import { moment, ordinal, reference, span } from './columns.ts';
import type { LifetimeContext } from './lifetime.ts';
import type { LiveFence, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const jobDependencyTable: Table = {
  name: 'job_dependency',
  doc: 'A fence a job has to wait for before it may run.',
  columns: [
    reference('job_id', 'job', 'job.id that waits.'),
    reference('fence_id', 'fence', 'fence.id waited for.'),
    moment(
      'blocked_ts',
      'Last time the scheduler found it pending, relative ns; NULL = never, or not recorded.',
    ),
    ordinal('blocked_event', 'That event.'),
    ...span('the first event that says so', 'the fence signalled'),
  ],
  indexes: [['job_id'], ['fence_id']],
};

/** A fence a job has to wait for. */
export interface Dependency {
  readonly fence: LiveFence;
  readonly first: Mark;
  /** Last time the scheduler looked and found it pending. */
  blocked: Mark | undefined;
}

/** A job with more is not followed further: what it waits for is named by these. */
const DEPENDENCIES_MOST = 64;

export function addDependency(
  known: Dependency[],
  fence: LiveFence,
  depends: OccurrenceOf<'job.depends'>,
): void {
  let dependency = known.find((one) => one.fence === fence);
  if (!dependency) {
    if (known.length >= DEPENDENCIES_MOST) return;
    dependency = { fence, first: markOf(depends), blocked: undefined };
    known.push(dependency);
  }
  if (depends.blocked) dependency.blocked = markOf(depends);
}

export function dependencyRow(
  { fence, first, blocked }: Dependency,
  jobId: number,
  context: LifetimeContext,
): Row {
  return {
    id: context.nextId(jobDependencyTable),
    job_id: jobId,
    fence_id: fence.id,
    blocked_ts: blocked?.ts ?? null,
    blocked_event: blocked?.event ?? null,
    ...lived(context, first, endOf(fence, first)),
  };
}

/** Signalled before the job was seen to wait: it waited for nothing. */
function endOf({ signaled }: LiveFence, first: Mark): Mark | undefined {
  return signaled && signaled.ts < first.ts ? first : signaled;
}
