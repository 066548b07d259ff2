-- rewind_forget_late
DELETE FROM late_events WHERE stream = $1 AND source_partition = $2 AND source_offset >= $3
