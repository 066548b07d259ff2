-- rewind_futures: records at or after the next one that were judged to be ahead of the clock before a rewind.
SELECT p.source_partition, d.source_offset
FROM partition_progress p
JOIN dead_letters d ON d.stream = p.stream AND d.source_partition = p.source_partition
    AND d.source_offset >= p.next_offset AND d.reason = 'future'
WHERE p.stream = $1 AND p.source_partition = ANY ($2)
ORDER BY 1, 2
