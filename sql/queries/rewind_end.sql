-- rewind_end: these partitions are where they were.
WITH ended AS (
    DELETE FROM rewinds WHERE stream = $1 AND source_partition = ANY ($2) RETURNING source_partition, replay_id
)
UPDATE replay_partitions r
SET state = 'done', finished_at = now()
FROM ended
WHERE r.replay_id = ended.replay_id AND r.source_partition = ended.source_partition AND r.state = 'running'
