SELECT printf('%s waited %.1f ms for fence %d:%d', coalesce(p.comm, 'a task'),
              (w.end_ts - w.start_ts) / 1e6, f.context, f.seqno) AS summary,
       w.start_ts AS from_ts, w.end_ts AS to_ts,
       json_array(w.start_event, w.end_event) AS evidence,
       CASE WHEN w.end_ts - w.start_ts >= :error THEN 'error' ELSE 'warn' END AS severity,
       CASE WHEN w.lossy THEN 'suspect' ELSE 'proven' END AS confidence,
       w.end_ts - w.start_ts AS waited_ns, f.driver, p.pid, w.tid,
       f.id AS fence_id, p.id AS process_id
  FROM fence_wait w
  JOIN fence f ON f.id = w.fence_id
  LEFT JOIN process p ON p.id = w.process_id
 WHERE w.end_ts - w.start_ts >= :warn
 ORDER BY w.start_ts
