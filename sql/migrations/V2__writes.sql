-- What people change through the API: who may, what they did, and what they said.

-- Who may write, and who may read where reading needs a token. Tokens are not kept, only what recognises them.
CREATE TABLE api_tokens (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text        NOT NULL UNIQUE,          -- never given twice: the audit names it
    scope         text        NOT NULL CHECK (scope IN ('read', 'operate', 'admin')),
    secret_sha256 bytea       NOT NULL CHECK (octet_length(secret_sha256) = 32),
    created_at    timestamptz NOT NULL DEFAULT now(),
    created_by    text        NOT NULL,
    expires_at    timestamptz,                          -- null: never
    revoked_at    timestamptz
);

-- Every write, in the transaction of the write. Rows are only ever added.
CREATE TABLE api_audit (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- in the order of commits
    at         timestamptz NOT NULL DEFAULT now(),
    token      text        NOT NULL,                    -- name of the token, or who used the command line
    action     text        NOT NULL,
    subject    text        NOT NULL,                    -- what was changed
    request_id text        NOT NULL,                    -- '' on the command line
    detail     text        NOT NULL DEFAULT ''
);

-- Alerts of a rule that nobody wants to hear of for a while. They are written all the same.
CREATE TABLE alert_silences (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream     text        NOT NULL,
    rule       text        NOT NULL,                    -- alerts.alert_type
    dimension  text,                                    -- null: any; with a * at the end: what begins so
    reason     text        NOT NULL,
    starts_at  timestamptz NOT NULL DEFAULT now(),
    until      timestamptz NOT NULL,
    created_by text        NOT NULL,
    ended_at   timestamptz,                             -- ended before its time
    ended_by   text,
    CHECK (until > starts_at)
);

-- Alerts that a silence covers: while it lasts, and for good those that came while it lasted.
CREATE VIEW v_silenced_alerts AS
    SELECT a.id
    FROM alerts a
    JOIN alert_silences s ON s.stream = a.stream AND s.rule = a.alert_type
    WHERE (s.dimension IS NULL OR s.dimension = a.dimension
            OR (right(s.dimension, 1) = '*' AND starts_with(a.dimension, left(s.dimension, -1))))
        AND s.starts_at <= now()
        AND (now() < LEAST(s.until, s.ended_at)
            OR (a.created_at >= s.starts_at AND a.created_at < LEAST(s.until, s.ended_at)));

-- What people note at a point in time, for charts.
CREATE TABLE annotations (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    text       text        NOT NULL CHECK (char_length(text) BETWEEN 1 AND 500),
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX annotations_at ON annotations (at);

-- Streams that somebody has paused or resumed; a stream without a row runs.
CREATE TABLE stream_control (
    stream     text        PRIMARY KEY,
    paused     boolean     NOT NULL,
    reason     text        NOT NULL,
    changed_by text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- How often a partition came to another owner.
ALTER TABLE partition_progress ADD COLUMN handovers bigint NOT NULL DEFAULT 0;

-- Runs with the owner's rights, so names must not be looked up in a session's temporary tables first.
ALTER FUNCTION ensure_day_partition(text, date) SET search_path = public, pg_temp;
