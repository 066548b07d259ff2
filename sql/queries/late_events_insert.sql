-- late_events_insert
INSERT INTO late_events (stream, source_partition, source_offset, event_time, late_by_ms)
SELECT $1, u.* FROM unnest($2::integer[], $3::bigint[], $4::timestamptz[], $5::bigint[]) AS u
