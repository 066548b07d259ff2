-- stats_timeseries: downloads per window, for the windows that begin after $1.
SELECT window_start,
       sum(total_downloads)::bigint AS total_downloads,
       sum(successful_downloads)::bigint AS successful_downloads
FROM region_health_partial
WHERE window_start > $1
GROUP BY window_start
ORDER BY window_start
