-- window_span_open: the ledger rows of windows that can still change, of several partitions. In a rewind, of those open
-- after $3 only the ones that are open after $4 as well or are built again ($5, $6).
SELECT s.window_start, s.first_offset, s.last_offset, s.stream_time_at_first, s.source_partition
FROM unnest($2::integer[], $3::timestamptz[], $4::timestamptz[]) AS w (source_partition, after, and_after)
JOIN window_span s ON s.stream = $1 AND s.source_partition = w.source_partition AND s.window_start > w.after
WHERE s.window_start > w.and_after
    OR (s.source_partition, s.window_start) IN (SELECT * FROM unnest($5::integer[], $6::timestamptz[]))
