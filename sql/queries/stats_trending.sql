-- stats_trending: content with the most downloads over the windows that begin after $1; the latest title.
-- Titles are looked up for the few that are listed: merging them for all would sort every row.
WITH listed AS (
    SELECT content_id,
           sum(download_count)::bigint AS total_downloads,
           sum(successful_downloads)::bigint AS successful_downloads,
           sum(failed_downloads)::bigint AS failed_downloads
    FROM content_stats_partial
    WHERE window_start > $1
    GROUP BY content_id
    ORDER BY total_downloads DESC, content_id
    LIMIT $2)
SELECT content_id,
       (SELECT title
        FROM content_stats_partial latest
        WHERE latest.content_id = listed.content_id AND window_start > $1 AND title IS NOT NULL
        ORDER BY window_start DESC, source_partition DESC
        LIMIT 1) AS title,
       total_downloads,
       successful_downloads,
       failed_downloads
FROM listed
ORDER BY total_downloads DESC, content_id
