-- progress_lock: the fence. Locks the partitions that are still ours and still where we left them.
SELECT p.source_partition
FROM partition_progress p
JOIN unnest($2::integer[], $3::bigint[], $4::bigint[]) AS u (source_partition, owner_epoch, from_offset)
    ON u.source_partition = p.source_partition
WHERE p.stream = $1 AND p.source_partition = ANY ($2)
    AND p.owner_epoch = u.owner_epoch AND p.next_offset = u.from_offset
ORDER BY p.source_partition
FOR UPDATE OF p
