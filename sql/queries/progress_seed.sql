-- progress_seed: on a stream's first start, where each partition of its topic begins. Nobody owns them yet.
INSERT INTO partition_progress (stream, source_partition, next_offset, owner_epoch, owner)
SELECT $1, u.source_partition, u.start_offset, 0, ''
FROM unnest($2::integer[], $3::bigint[]) AS u (source_partition, start_offset)
ORDER BY u.source_partition
ON CONFLICT DO NOTHING
