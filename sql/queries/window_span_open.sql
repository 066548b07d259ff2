-- window_span_open: the ledger rows of windows that can still change. In a rewind, of those open at $3 only the
-- ones that are open at $4 as well or are built again.
SELECT window_start, first_offset, last_offset, stream_time_at_first
FROM window_span
WHERE stream = $1 AND source_partition = $2 AND window_start > $3
    AND (window_start > $4 OR window_start = ANY ($5))
