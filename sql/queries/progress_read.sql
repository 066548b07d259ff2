-- progress_read: what is stored of these partitions, as of now.
SELECT source_partition, next_offset, owner_epoch, commit_seq
FROM partition_progress
WHERE stream = $1 AND source_partition = ANY ($2)
