-- rewind_forget_dead: what was ahead of the clock then may not be now; that decision stays.
DELETE FROM dead_letters
WHERE stream = $1 AND source_partition = $2 AND source_offset >= $3 AND reason <> 'future'
