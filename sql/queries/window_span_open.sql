-- window_span_open: the ledger rows of windows that can still change.
SELECT window_start, first_offset, last_offset, stream_time_at_first
FROM window_span
WHERE stream = $1 AND source_partition = $2 AND window_start > $3
