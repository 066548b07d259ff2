-- rewind_forget_spans
DELETE FROM window_span WHERE stream = $1 AND source_partition = $2 AND window_start = ANY ($3)
