-- stats_regions: every region with downloads over the windows that begin after $1.
SELECT region,
       sum(total_downloads)::bigint AS total_downloads,
       sum(successful_downloads)::bigint AS successful_downloads,
       sum(speed_mbps_sum)::bigint AS speed_mbps_sum
FROM region_health_partial
WHERE window_start > $1
GROUP BY region
ORDER BY total_downloads DESC, region
