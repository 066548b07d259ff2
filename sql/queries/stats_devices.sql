-- stats_devices: devices with the most downloads over the windows that begin after $1, all versions of their
-- system together.
SELECT device,
       sum(total_downloads)::bigint AS total_downloads,
       sum(successful_downloads)::bigint AS successful_downloads,
       sum(speed_mbps_sum)::bigint AS speed_mbps_sum
FROM device_stats_partial
WHERE window_start > $1
GROUP BY device
ORDER BY total_downloads DESC, device
LIMIT $2
