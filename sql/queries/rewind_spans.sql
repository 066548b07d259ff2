-- rewind_spans: windows with records at or after $3.
SELECT window_start, first_offset, last_offset, stream_time_at_first
FROM window_span
WHERE stream = $1 AND source_partition = $2 AND last_offset >= $3
