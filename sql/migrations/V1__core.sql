-- Tables shared by all streams. A rollup's own tables are generated from its stream definition.

-- One row per partition: what has been committed, and the fence that keeps a former owner out.
CREATE TABLE partition_progress (
    stream           text        NOT NULL,
    source_partition integer     NOT NULL,
    topic_id         text        NOT NULL DEFAULT '',   -- cluster's id of the topic; '' where the broker has none
    next_offset      bigint      NOT NULL,              -- Kafka's convention: the first offset not yet counted
    owner_epoch      bigint      NOT NULL,              -- raised by every claim
    owner            text        NOT NULL,              -- host:pid:thread, for people
    stream_time      timestamptz,                       -- highest event time seen; null before the first event
    idle             boolean     NOT NULL DEFAULT false,
    commit_seq       bigint      NOT NULL DEFAULT 0,    -- +1 per commit; the sum over partitions is the data version
    high_watermark   bigint      NOT NULL DEFAULT 0,    -- end of the log when last looked at, for lag
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, source_partition)
) WITH (fillfactor = 50);

-- Which offsets made which window: the ledger a rewind needs.
CREATE TABLE window_span (
    stream               text        NOT NULL,
    source_partition     integer     NOT NULL,
    window_start         timestamptz NOT NULL,
    first_offset         bigint      NOT NULL,
    last_offset          bigint      NOT NULL,
    stream_time_at_first timestamptz,                   -- stream time just before first_offset
    PRIMARY KEY (stream, source_partition, window_start)
) WITH (fillfactor = 50);

CREATE TABLE dead_letters (
    stream           text        NOT NULL,
    source_partition integer     NOT NULL,
    source_offset    bigint      NOT NULL,
    topic            text        NOT NULL,
    reason           text        NOT NULL,              -- closed set of codes, see docs/architecture.md
    detail           text        NOT NULL,
    payload          bytea       NOT NULL,              -- first 4 KiB of the record
    payload_size     bigint      NOT NULL,
    recorded_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, source_partition, source_offset)
);

CREATE TABLE late_events (
    stream           text        NOT NULL,
    source_partition integer     NOT NULL,
    source_offset    bigint      NOT NULL,
    event_time       timestamptz NOT NULL,
    late_by_ms       bigint      NOT NULL,              -- stream time minus (window end + grace)
    recorded_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, source_partition, source_offset)
);

-- A rewind under way: which windows a partition builds again until it is where it was. See docs/architecture.md.
CREATE TABLE rewinds (
    stream              text        NOT NULL,
    source_partition    integer     NOT NULL,
    to_offset           bigint      NOT NULL,           -- from here on every record counts
    came_from           bigint      NOT NULL,           -- where the partition was
    stream_time_before  timestamptz,                    -- the stream time there
    until_offset        bigint      NOT NULL,           -- where this and earlier rewinds end
    rebuilt_windows     timestamptz[] NOT NULL,
    rebuilt_offsets     bigint[]    NOT NULL,           -- their first records
    rebuilt_times       timestamptz[] NOT NULL,         -- the stream times just before these
    frozen_windows      timestamptz[] NOT NULL,         -- kept as they are: their first records have left the log
    frozen_offsets      bigint[]    NOT NULL,
    frozen_times        timestamptz[] NOT NULL,
    replay_id           bigint,
    PRIMARY KEY (stream, source_partition)
);

-- Who wanted what counted again; a replay by Kafka's own tools is recorded here as well.
CREATE TABLE replays (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream          text        NOT NULL,
    request         text        NOT NULL,               -- in the words of the request
    requested_by    text        NOT NULL,
    requested_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE replay_partitions (
    replay_id        bigint      NOT NULL REFERENCES replays ON DELETE CASCADE,
    source_partition integer     NOT NULL,
    from_offset      bigint      NOT NULL,
    to_offset        bigint,                            -- null: to where the partition is
    state            text        NOT NULL DEFAULT 'requested'
        CHECK (state IN ('requested', 'running', 'done', 'merged', 'cancelled', 'refused')),
    detail           text        NOT NULL DEFAULT '',
    start_offset     bigint,                            -- reading goes on here
    until_offset     bigint,                            -- and is where it was here
    windows          bigint,                            -- built again
    frozen           bigint,
    rows_removed     bigint,
    started_at       timestamptz,
    finished_at      timestamptz,
    PRIMARY KEY (replay_id, source_partition)
);

-- Offsets never counted: [from_offset, to_offset).
CREATE TABLE data_gaps (
    stream           text        NOT NULL,
    source_partition integer     NOT NULL,
    from_offset      bigint      NOT NULL,
    to_offset        bigint      NOT NULL,
    reason           text        NOT NULL,
    recorded_by      text        NOT NULL,
    recorded_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, source_partition, from_offset)
);

-- The definition a stream's tables were made for; a processor with another one is refused.
CREATE TABLE stream_definitions (
    stream         text        PRIMARY KEY,
    fingerprint    text        NOT NULL,
    definition     jsonb       NOT NULL,
    consumer_group text,                                -- the one group that reads it; null before the first start
    applied_at     timestamptz NOT NULL DEFAULT now()
);

-- How far detection has come. The leader moves through_window by compare-and-set.
CREATE TABLE detector_progress (
    stream         text        PRIMARY KEY,
    through_window timestamptz,                         -- last final window folded; null before the first
    refold_from    timestamptz,                         -- earliest window changed since; null when none
    epoch          bigint      NOT NULL DEFAULT 0
);

CREATE TABLE alerts (
    id              bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    stream          text        NOT NULL,
    alert_type      text        NOT NULL,
    dimension       text        NOT NULL,               -- the dimension key, joined by '/'
    window_start    timestamptz NOT NULL,
    severity        text        NOT NULL CHECK (severity IN ('CRITICAL', 'WARNING', 'INFO')),
    message         text        NOT NULL,
    region          text,
    content_id      text,
    metric_name     text        NOT NULL,
    metric_value    double precision NOT NULL,
    threshold_value double precision NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    acknowledged    boolean     NOT NULL DEFAULT false,
    acknowledged_at timestamptz,
    acknowledged_by text,
    PRIMARY KEY (stream, alert_type, dimension, window_start)
);
CREATE INDEX alerts_newest ON alerts (created_at DESC, id DESC);

-- A bounded sample of raw events, for people who look.
CREATE TABLE event_log (
    stream           text        NOT NULL,
    source_partition integer     NOT NULL,
    source_offset    bigint      NOT NULL,
    event_id         text,
    event_timestamp  timestamptz NOT NULL,
    content_id       text,
    region           text,
    device           text,
    status           text,
    error_code       text,
    PRIMARY KEY (stream, source_partition, source_offset)
);

CREATE TABLE trending_predictions (
    content_id          text        NOT NULL,
    title               text,
    predicted_rank      integer     NOT NULL,
    confidence          double precision,
    predicted_downloads bigint,
    prediction_window   text        NOT NULL,
    window_start        timestamptz NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    actual_rank         integer,
    actual_downloads    bigint,
    accuracy_score      double precision,
    PRIMARY KEY (content_id, prediction_window, window_start)
);

CREATE VIEW v_active_alerts AS
    SELECT * FROM alerts WHERE NOT acknowledged;

-- Makes the daily partition of a rollup's table if it is missing. Runs with the owner's rights,
-- so that the processor's role needs none to create tables.
CREATE FUNCTION ensure_day_partition(parent text, day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    child text := parent || '_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass(quote_ident(child)) IS NOT NULL THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_partitioned_table WHERE partrelid = to_regclass(quote_ident(parent))) THEN
        RAISE EXCEPTION '% is not a rollup table', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('ensure_day_partition', 0));
    -- While we waited another may have made it; our cached answer above would not tell, this statement does.
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 50)',
        child, parent,
        (day::timestamp AT TIME ZONE 'UTC'), ((day + 1)::timestamp AT TIME ZONE 'UTC'));
END $$;
