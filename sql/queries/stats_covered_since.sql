-- stats_covered_since: the first window of stream $1 that anything was counted in. One index look-up a partition.
SELECT min(first.window_start) AS covered_since
FROM partition_progress progress
CROSS JOIN LATERAL (
    SELECT span.window_start
    FROM window_span span
    WHERE span.stream = progress.stream AND span.source_partition = progress.source_partition
    ORDER BY span.window_start
    LIMIT 1
) first
WHERE progress.stream = $1
