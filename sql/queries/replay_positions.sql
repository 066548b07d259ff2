-- replay_positions: how far each partition is, and its first record of a window from $2 on.
SELECT p.source_partition, p.next_offset, min(s.first_offset) AS first_offset
FROM partition_progress p
LEFT JOIN window_span s ON s.stream = p.stream AND s.source_partition = p.source_partition
    AND s.window_start >= $2
WHERE p.stream = $1
GROUP BY p.source_partition, p.next_offset
ORDER BY p.source_partition
