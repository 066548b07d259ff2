-- replay_list: the last replays of a stream, newest first.
SELECT r.id, r.request, r.requested_by, r.requested_at, count(*),
       string_agg(DISTINCT p.state, ', '),
       coalesce(sum(p.windows), 0)::bigint, coalesce(sum(p.rows_removed), 0)::bigint,
       coalesce(sum(p.frozen), 0)::bigint,
       coalesce(string_agg(DISTINCT p.detail, '; ') FILTER (WHERE p.detail <> ''), '')
FROM replays r
JOIN replay_partitions p ON p.replay_id = r.id
WHERE r.stream = $1
GROUP BY r.id
ORDER BY r.id DESC
LIMIT 20
