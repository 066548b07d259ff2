-- window_span_upsert
INSERT INTO window_span
    (stream, source_partition, window_start, first_offset, last_offset, stream_time_at_first)
SELECT $1, u.* FROM unnest($2::integer[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::timestamptz[]) AS u
ON CONFLICT (stream, source_partition, window_start) DO UPDATE SET last_offset = EXCLUDED.last_offset
