-- replay_insert: asks the owners of these partitions.
WITH replay AS (
    INSERT INTO replays (stream, request, requested_by) VALUES ($1, $2, $3) RETURNING id
)
INSERT INTO replay_partitions (replay_id, source_partition, from_offset, to_offset)
SELECT replay.id, u.source_partition, u.from_offset, $6
FROM replay, unnest($4::integer[], $5::bigint[]) AS u (source_partition, from_offset)
RETURNING replay_id
