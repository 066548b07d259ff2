-- progress_claim: raise the epoch of these partitions; a partition never seen starts at its given offset.
-- Waits for a former owner's open transaction, then sees its outcome.
INSERT INTO partition_progress AS p (stream, source_partition, topic_id, next_offset, owner_epoch, owner)
SELECT $1, u.source_partition, $4, u.start_offset, 1, $5
FROM unnest($2::integer[], $3::bigint[]) AS u (source_partition, start_offset)
ORDER BY u.source_partition
ON CONFLICT (stream, source_partition) DO UPDATE
    SET owner_epoch = p.owner_epoch + 1, owner = EXCLUDED.owner,
        handovers = p.handovers + CASE WHEN p.owner IN ('', EXCLUDED.owner) THEN 0 ELSE 1 END,
        topic_id = CASE WHEN p.topic_id = '' THEN EXCLUDED.topic_id ELSE p.topic_id END, idle = false, updated_at = now()
RETURNING p.source_partition, p.next_offset, p.owner_epoch, p.stream_time, p.commit_seq, p.topic_id
