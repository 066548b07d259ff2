-- pipeline_partitions: how far each partition is, and what was not counted of it, each up to $1 rows.
SELECT stream, source_partition, topic_id, next_offset, high_watermark, stream_time, idle, owner, owner_epoch,
       handovers, commit_seq, updated_at,
       (SELECT count(*) FROM (SELECT 1 FROM dead_letters d
            WHERE d.stream = p.stream AND d.source_partition = p.source_partition LIMIT $1) counted)
           AS dead_letters,
       (SELECT count(*) FROM (SELECT 1 FROM late_events l
            WHERE l.stream = p.stream AND l.source_partition = p.source_partition LIMIT $1) counted)
           AS late_events,
       r.until_offset AS rewinding_until
FROM partition_progress p
LEFT JOIN rewinds r USING (stream, source_partition)
ORDER BY stream, source_partition
