-- progress_known: which partitions of the stream have a row.
SELECT source_partition FROM partition_progress WHERE stream = $1
