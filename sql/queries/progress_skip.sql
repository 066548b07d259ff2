-- progress_skip: move forward without counting, and say so.
WITH moved AS (
    UPDATE partition_progress
    SET next_offset = $5, commit_seq = commit_seq + 1, updated_at = now()
    WHERE stream = $1 AND source_partition = $2 AND owner_epoch = $3 AND next_offset = $4
    RETURNING owner
)
INSERT INTO data_gaps (stream, source_partition, from_offset, to_offset, reason, recorded_by)
SELECT $1, $2, $4, $5, $6, owner FROM moved
