-- replay_begin: takes up a request that nobody has taken up or cancelled, and ends the one it goes beyond.
WITH begun AS (
    UPDATE replay_partitions
    SET state = 'running', start_offset = $3, until_offset = $4, windows = $5, frozen = $6, rows_removed = $7,
        started_at = now()
    WHERE replay_id = $1 AND source_partition = $2 AND state = 'requested'
    RETURNING replay_id
), merged AS (
    UPDATE replay_partitions r
    SET state = 'merged', detail = 'merged into replay ' || $1::bigint, finished_at = now()
    FROM replays mine, replays theirs
    WHERE mine.id = $1 AND theirs.id = r.replay_id AND theirs.stream = mine.stream AND r.replay_id <> $1
        AND r.source_partition = $2 AND r.state = 'running'
)
SELECT count(*) FROM begun
