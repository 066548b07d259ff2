-- Tables of stream content-downloads

CREATE TABLE "content_stats_partial" (
    window_start timestamptz NOT NULL,
    "content_id" text NOT NULL,
    source_partition integer NOT NULL,
    "title" text,
    "download_count" bigint NOT NULL,
    "successful_downloads" bigint NOT NULL,
    "failed_downloads" bigint NOT NULL,
    "total_size_gb" bigint,
    PRIMARY KEY (window_start, "content_id", source_partition)
) PARTITION BY RANGE (window_start);

CREATE VIEW "content_stats" AS
SELECT
    "content_id",
    (array_agg("title" ORDER BY source_partition DESC) FILTER (WHERE "title" IS NOT NULL))[1] AS "title",
    sum("download_count")::bigint AS "download_count",
    sum("successful_downloads")::bigint AS "successful_downloads",
    sum("failed_downloads")::bigint AS "failed_downloads",
    sum("total_size_gb")::bigint::float8 / 1000000 AS "total_size_gb",
    window_start,
    window_start + interval '60000 milliseconds' AS window_end
FROM "content_stats_partial"
GROUP BY window_start, "content_id";

CREATE VIEW "v_latest_content_stats" AS
SELECT * FROM "content_stats" WHERE window_start > now() - interval '5 minutes';

CREATE TABLE "region_health_partial" (
    window_start timestamptz NOT NULL,
    "region" text NOT NULL,
    source_partition integer NOT NULL,
    "total_downloads" bigint NOT NULL,
    "successful_downloads" bigint NOT NULL,
    "failed_downloads" bigint NOT NULL,
    "unknown_status" bigint NOT NULL,
    "speed_mbps_sum" bigint,
    "duration_seconds_sum" bigint,
    "total_size_gb" bigint,
    PRIMARY KEY (window_start, "region", source_partition)
) PARTITION BY RANGE (window_start);

CREATE VIEW "region_health" AS
SELECT
    "region",
    sum("total_downloads")::bigint AS "total_downloads",
    sum("successful_downloads")::bigint AS "successful_downloads",
    sum("failed_downloads")::bigint AS "failed_downloads",
    sum("unknown_status")::bigint AS "unknown_status",
    sum("speed_mbps_sum")::bigint::float8 / 1000000 AS "speed_mbps_sum",
    sum("duration_seconds_sum")::bigint::float8 / 1000000 AS "duration_seconds_sum",
    sum("total_size_gb")::bigint::float8 / 1000000 AS "total_size_gb",
    (sum("successful_downloads")::bigint)::float8 / nullif((sum("total_downloads")::bigint)::float8, 0) AS "success_rate",
    (sum("speed_mbps_sum")::bigint::float8 / 1000000)::float8 / nullif((sum("successful_downloads")::bigint)::float8, 0) AS "avg_speed_mbps",
    (sum("duration_seconds_sum")::bigint::float8 / 1000000)::float8 / nullif((sum("successful_downloads")::bigint)::float8, 0) AS "avg_duration_seconds",
    window_start,
    window_start + interval '60000 milliseconds' AS window_end
FROM "region_health_partial"
GROUP BY window_start, "region";

CREATE VIEW "v_latest_region_health" AS
SELECT * FROM "region_health" WHERE window_start > now() - interval '5 minutes';

CREATE TABLE "device_stats_partial" (
    window_start timestamptz NOT NULL,
    "device" text NOT NULL,
    "os_version" text NOT NULL,
    source_partition integer NOT NULL,
    "total_downloads" bigint NOT NULL,
    "successful_downloads" bigint NOT NULL,
    "failed_downloads" bigint NOT NULL,
    "speed_mbps_sum" bigint,
    "total_size_gb" bigint,
    PRIMARY KEY (window_start, "device", "os_version", source_partition)
) PARTITION BY RANGE (window_start);

CREATE VIEW "device_stats" AS
SELECT
    "device",
    "os_version",
    sum("total_downloads")::bigint AS "total_downloads",
    sum("successful_downloads")::bigint AS "successful_downloads",
    sum("failed_downloads")::bigint AS "failed_downloads",
    sum("speed_mbps_sum")::bigint::float8 / 1000000 AS "speed_mbps_sum",
    sum("total_size_gb")::bigint::float8 / 1000000 AS "total_size_gb",
    (sum("successful_downloads")::bigint)::float8 / nullif((sum("total_downloads")::bigint)::float8, 0) AS "success_rate",
    (sum("speed_mbps_sum")::bigint::float8 / 1000000)::float8 / nullif((sum("successful_downloads")::bigint)::float8, 0) AS "avg_speed_mbps",
    window_start,
    window_start + interval '60000 milliseconds' AS window_end
FROM "device_stats_partial"
GROUP BY window_start, "device", "os_version";

CREATE VIEW "v_latest_device_stats" AS
SELECT * FROM "device_stats" WHERE window_start > now() - interval '5 minutes';
