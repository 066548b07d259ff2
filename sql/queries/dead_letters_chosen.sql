-- dead_letters_chosen: to be sent through again, a page of them after a place. A record that was ahead of the clock
-- stays so: a rewind keeps that decision.
SELECT source_partition, source_offset, payload, payload_size
FROM dead_letters
WHERE stream = $1 AND reason <> 'future'
    AND ($2::integer IS NULL OR source_partition = $2) AND ($3::text IS NULL OR reason = $3)
    AND ($4::bigint[] IS NULL OR source_offset = ANY ($4))
    AND (source_partition, source_offset) > ($5::integer, $6::bigint)
ORDER BY source_partition, source_offset
LIMIT $7
