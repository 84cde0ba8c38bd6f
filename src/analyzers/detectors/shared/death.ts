/** SQL: the rows of the process that `p` is: threads taken for processes of their own repeat its values. */
export const SAME_PROCESS = `(SELECT q.id FROM process q
  WHERE coalesce(q.merged_into, q.id) = coalesce(p.merged_into, p.id))`;

/**
 * SQL: whether the end of process `p` is the death of the group and not of one thread. A thread born
 * before the capture counts as a process of its own unless something says more: the kernel itself
 * (group_dead, 6.16 and later) or the end of its mm.
 */
export const DEATH_IS_SURE: string = `(p.start_ts IS NOT NULL OR coalesce(p.group_dead_known, 0) = 1
  OR EXISTS (SELECT 1 FROM address_space a WHERE a.process_id IN ${SAME_PROCESS}
    AND coalesce(a.release_ts, a.end_ts) IS NOT NULL AND coalesce(a.end_reason, 'exit') <> 'exec'))`;
