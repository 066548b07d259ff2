-- A bounded sample of raw events, for people who look. Each partition has a number of slots, which are used in turn.
DROP TABLE event_log;
CREATE TABLE event_samples (
    stream           text        NOT NULL,
    source_partition integer     NOT NULL,
    slot             integer     NOT NULL,
    source_offset    bigint      NOT NULL,
    event_timestamp  timestamptz NOT NULL,
    event            jsonb       NOT NULL,              -- all of it, by the names of its Avro schema
    PRIMARY KEY (stream, source_partition, slot)
) WITH (fillfactor = 50);

-- The same with the columns of a download; they are null for events that have no such fields.
CREATE VIEW event_log AS
    SELECT stream, source_partition, source_offset, event_timestamp,
           event ->> 'event_id' AS event_id,
           event #>> '{content,content_id}' AS content_id,
           event #>> '{user,region}' AS region,
           event #>> '{user,device_type}' AS device,
           event #>> '{download,status}' AS status,
           event #>> '{download,error_code}' AS error_code,
           event
    FROM event_samples;
