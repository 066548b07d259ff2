-- rewind_position: the partition, locked, if it is still ours.
SELECT next_offset, stream_time
FROM partition_progress
WHERE stream = $1 AND source_partition = $2 AND owner_epoch = $3
FOR UPDATE
