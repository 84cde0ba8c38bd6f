/**
 * SQL: what the thread or the mm did later says that the return of an open invalidation `i` was not
 * recorded.
 */
export const MOVED_ON: string = `
  EXISTS (SELECT 1 FROM invalidation o WHERE o.tid = i.tid AND o.start_ts > i.start_ts)
  OR EXISTS (SELECT 1 FROM range_fault r WHERE r.tid = i.tid AND r.start_ts > i.start_ts)
  OR EXISTS (SELECT 1 FROM task t WHERE t.tid = i.tid AND t.end_ts > i.start_ts)
  OR EXISTS (SELECT 1 FROM address_space a WHERE a.id = i.address_space_id AND a.end_ts > i.start_ts)
  OR EXISTS (SELECT 1 FROM fence_wait f WHERE f.tid = i.tid AND f.start_ts > i.start_ts
    AND f.invalidation_id IS NOT i.id)`;
