-- progress_advance: move the locked partitions on.
UPDATE partition_progress p
SET next_offset = u.to_offset, stream_time = u.stream_time, idle = u.idle,
    high_watermark = u.high_watermark, commit_seq = p.commit_seq + 1, updated_at = now()
FROM unnest($2::integer[], $3::bigint[], $4::timestamptz[], $5::boolean[], $6::bigint[])
    AS u (source_partition, to_offset, stream_time, idle, high_watermark)
WHERE p.stream = $1 AND p.source_partition = u.source_partition
RETURNING p.source_partition, p.commit_seq
