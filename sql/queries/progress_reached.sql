-- progress_reached: up to where each partition of the stream is committed.
SELECT source_partition, next_offset FROM partition_progress WHERE stream = $1
