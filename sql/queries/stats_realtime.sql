-- stats_realtime: totals over the windows that begin after $1.
SELECT coalesce(sum(total_downloads), 0)::bigint AS total_downloads,
       coalesce(sum(successful_downloads), 0)::bigint AS successful_downloads,
       sum(duration_seconds_sum)::bigint AS duration_seconds_sum,
       (SELECT count(DISTINCT content_id) FROM content_stats_partial WHERE window_start > $1) AS unique_content
FROM region_health_partial
WHERE window_start > $1
