-- progress_watch: per stream, the data version and what decides how far its windows are final.
SELECT stream,
       sum(commit_seq)::bigint AS data_version,
       sum(owner_epoch)::bigint AS epochs,
       bool_and(idle) AS all_idle,
       min(stream_time) FILTER (WHERE NOT idle) AS slowest,
       bool_or(stream_time IS NULL AND NOT idle) AS unknown
FROM partition_progress
GROUP BY stream
