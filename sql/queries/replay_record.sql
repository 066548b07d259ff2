-- replay_record: a reset by Kafka's own tools is audited like a request.
WITH replay AS (
    INSERT INTO replays (stream, request, requested_by) VALUES ($1, $3, $4) RETURNING id
)
INSERT INTO replay_partitions (replay_id, source_partition, from_offset)
SELECT id, $2, $5 FROM replay
RETURNING replay_id
