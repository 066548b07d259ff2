-- replay_progress: partitions that wait, run and were refused, and the records left to read again.
SELECT count(*) FILTER (WHERE r.state = 'requested'),
       count(*) FILTER (WHERE r.state = 'running'),
       count(*) FILTER (WHERE r.state = 'refused'),
       coalesce(sum(greatest(r.until_offset - p.next_offset, 0)) FILTER (WHERE r.state = 'running'), 0)::bigint
FROM replay_partitions r
LEFT JOIN partition_progress p ON p.stream = $1 AND p.source_partition = r.source_partition
WHERE r.replay_id = $2
