/** What jobs wait for each other by their dependencies. */
import type { View } from '../../detector.ts';
import type { Detail } from '../../finding.ts';
import { detail, known } from './details.ts';
import { actor, type FenceName, fenceKey, fenceRef } from './wording.ts';

interface PendingDependency extends FenceName {
  readonly event: number | null;
}

interface Dependant {
  readonly jobs: number;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly event: number | null;
}

/** What the jobs around a fence that never signals say. */
export interface Chain {
  /** `; its job waits for fence 4:1, which never signals either`. */
  readonly text: string;
  readonly details: readonly Detail[];
  readonly evidence: readonly (number | null)[];
}

const NOTHING: Chain = { text: '', details: [], evidence: [] };

/** The fence the job of this one waits for, and the jobs that wait for this one and never ran. */
export function chainOf(view: View, fenceId: number): Chain {
  if (!view.observed('job.depends')) return NOTHING;
  const [waitsFor] = view.all<PendingDependency>(
    `SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline,
            coalesce(d.blocked_event, d.start_event) AS event
       FROM job j JOIN job_dependency d ON d.job_id = j.id JOIN fence f ON f.id = d.fence_id
      WHERE j.fence_id = ? AND j.run_ts IS NULL AND f.signaled_ts IS NULL ORDER BY d.start_ts LIMIT 1`,
    fenceId,
  );
  const dependants = view.all<Dependant>(
    `SELECT count(*) AS jobs, j.owner_tid, j.owner_process_id, min(d.start_event) AS event
       FROM job_dependency d JOIN job j ON j.id = d.job_id
      WHERE d.fence_id = ? AND j.run_ts IS NULL GROUP BY j.owner_process_id`,
    fenceId,
  );
  const jobs = dependants.reduce((sum, one) => sum + one.jobs, 0);
  const waiters = dependants.map(({ owner_tid: tid, owner_process_id: id }) =>
    tid === null ? 'an unknown client' : actor(view, tid, id).label,
  );
  const texts = [
    waitsFor && `its job waits for fence ${fenceKey(waitsFor)}, which never signals either`,
    jobs > 0 &&
      `${jobs} job${jobs === 1 ? '' : 's'} of ${waiters.join(', ')} never ran because of it`,
  ].filter((text) => typeof text === 'string');
  return {
    text: texts.map((text) => `; ${text}`).join(''),
    details: known([
      waitsFor && detail.object('its job waits for', fenceRef(waitsFor)),
      jobs > 0 ? detail.count('jobs that wait for it', jobs) : undefined,
    ]),
    evidence: [waitsFor?.event ?? null, ...dependants.map(({ event }) => event)],
  };
}
