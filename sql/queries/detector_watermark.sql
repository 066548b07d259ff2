-- detector_watermark: what decides which windows are final.
SELECT min(stream_time) FILTER (WHERE NOT idle AND stream_time IS NOT NULL) AS slowest,
       bool_and(idle) AS all_idle,
       bool_or(stream_time IS NULL AND NOT idle) AS unknown
FROM partition_progress
WHERE stream = $1
