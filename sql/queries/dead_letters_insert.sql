-- dead_letters_insert
INSERT INTO dead_letters
    (stream, topic, source_partition, source_offset, reason, detail, payload, payload_size)
SELECT $1, $2, u.*
FROM unnest($3::integer[], $4::bigint[], $5::text[], $6::text[], $7::bytea[], $8::bigint[]) AS u
