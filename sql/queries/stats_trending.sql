-- stats_trending: content with the most downloads over the windows that begin after $1; the latest title.
SELECT content_id,
       (array_agg(title ORDER BY window_start DESC, source_partition DESC) FILTER (WHERE title IS NOT NULL))[1]
           AS title,
       sum(download_count)::bigint AS total_downloads,
       sum(successful_downloads)::bigint AS successful_downloads,
       sum(failed_downloads)::bigint AS failed_downloads
FROM content_stats_partial
WHERE window_start > $1
GROUP BY content_id
ORDER BY total_downloads DESC, content_id
LIMIT $2
