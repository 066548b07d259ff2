-- Tables of stream web-requests

CREATE TABLE "web_path_stats_partial" (
    window_start timestamptz NOT NULL,
    "path" text NOT NULL,
    source_partition integer NOT NULL,
    "requests" bigint NOT NULL,
    "errors" bigint NOT NULL,
    "bytes" bigint,
    "clients" bytea,
    "response_bytes" bytea,
    PRIMARY KEY (window_start, "path", source_partition)
) PARTITION BY RANGE (window_start);

CREATE VIEW "web_path_stats" AS
SELECT
    "path",
    sum("requests")::bigint AS "requests",
    sum("errors")::bigint AS "errors",
    sum("bytes")::bigint AS "bytes",
    window_start,
    window_start + interval '60000 milliseconds' AS window_end
FROM "web_path_stats_partial"
GROUP BY window_start, "path";

CREATE VIEW "v_latest_web_path_stats" AS
SELECT * FROM "web_path_stats" WHERE window_start > now() - interval '5 minutes';

CREATE TABLE "web_status_stats_partial" (
    window_start timestamptz NOT NULL,
    "status_class" text NOT NULL,
    source_partition integer NOT NULL,
    "requests" bigint NOT NULL,
    "good" bigint NOT NULL,
    "bytes" bigint,
    "clients" bytea,
    "response_bytes" bytea,
    PRIMARY KEY (window_start, "status_class", source_partition)
) PARTITION BY RANGE (window_start);

CREATE VIEW "web_status_stats" AS
SELECT
    "status_class",
    sum("requests")::bigint AS "requests",
    sum("good")::bigint AS "good",
    sum("bytes")::bigint AS "bytes",
    window_start,
    window_start + interval '60000 milliseconds' AS window_end
FROM "web_status_stats_partial"
GROUP BY window_start, "status_class";

CREATE VIEW "v_latest_web_status_stats" AS
SELECT * FROM "web_status_stats" WHERE window_start > now() - interval '5 minutes';

CREATE TABLE "web_agent_stats_partial" (
    window_start timestamptz NOT NULL,
    "agent_family" text NOT NULL,
    source_partition integer NOT NULL,
    "requests" bigint NOT NULL,
    "good" bigint NOT NULL,
    "bytes" bigint,
    "clients" bytea,
    "response_bytes" bytea,
    PRIMARY KEY (window_start, "agent_family", source_partition)
) PARTITION BY RANGE (window_start);

CREATE VIEW "web_agent_stats" AS
SELECT
    "agent_family",
    sum("requests")::bigint AS "requests",
    sum("good")::bigint AS "good",
    sum("bytes")::bigint AS "bytes",
    (sum("good")::bigint)::float8 / nullif((sum("requests")::bigint)::float8, 0) AS "success_rate",
    window_start,
    window_start + interval '60000 milliseconds' AS window_end
FROM "web_agent_stats_partial"
GROUP BY window_start, "agent_family";

CREATE VIEW "v_latest_web_agent_stats" AS
SELECT * FROM "web_agent_stats" WHERE window_start > now() - interval '5 minutes';
