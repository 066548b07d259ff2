-- dead_letters: of one stream, a page of them after a place, with the first $7 bytes of each.
SELECT source_partition, source_offset, topic, reason, detail, substring(payload FROM 1 FOR $7) AS payload,
       payload_size, recorded_at
FROM dead_letters
WHERE stream = $1 AND ($2::integer IS NULL OR source_partition = $2) AND ($3::text IS NULL OR reason = $3)
    AND (source_partition, source_offset) > ($4::integer, $5::bigint)
ORDER BY source_partition, source_offset
LIMIT $6
