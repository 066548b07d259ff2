-- replays: the last ones of stream $1 or of all, newest first, and with $2 only those that have not ended.
SELECT r.id, r.stream, r.request, r.requested_by, r.requested_at,
       count(*) FILTER (WHERE p.state = 'requested') AS requested,
       count(*) FILTER (WHERE p.state = 'running') AS running,
       count(*) FILTER (WHERE p.state = 'done') AS done,
       count(*) FILTER (WHERE p.state = 'merged') AS merged,
       count(*) FILTER (WHERE p.state = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE p.state = 'refused') AS refused,
       coalesce(sum(greatest(p.until_offset - progress.next_offset, 0)) FILTER (WHERE p.state = 'running'), 0)::bigint
           AS records_left,
       coalesce(sum(p.windows), 0)::bigint AS windows,
       coalesce(sum(p.frozen), 0)::bigint AS frozen,
       coalesce(string_agg(DISTINCT p.detail, '; ') FILTER (WHERE p.detail <> ''), '') AS detail
FROM replays r
JOIN replay_partitions p ON p.replay_id = r.id
LEFT JOIN partition_progress progress ON progress.stream = r.stream
    AND progress.source_partition = p.source_partition
WHERE ($1::text IS NULL OR r.stream = $1)
    AND (NOT $2 OR EXISTS (SELECT FROM replay_partitions open
        WHERE open.replay_id = r.id AND open.state IN ('requested', 'running')))
GROUP BY r.id
ORDER BY r.id DESC
LIMIT $3
