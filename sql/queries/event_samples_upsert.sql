-- event_samples_upsert
INSERT INTO event_samples (stream, source_partition, slot, source_offset, event_timestamp, event)
SELECT $1, u.source_partition, u.slot, u.source_offset, u.event_timestamp, u.event::jsonb
FROM unnest($2::integer[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::text[])
    AS u (source_partition, slot, source_offset, event_timestamp, event)
ON CONFLICT (stream, source_partition, slot) DO UPDATE
    SET source_offset = EXCLUDED.source_offset, event_timestamp = EXCLUDED.event_timestamp, event = EXCLUDED.event
