-- stream_gaps: what was skipped of stream $1 and may belong to windows from $2 on: the newest window begun before each
-- gap, the first one begun after it (null while there is none), and when it was noticed.
WITH near AS MATERIALIZED (
    SELECT gap.*
    FROM data_gaps gap
    WHERE gap.stream = $1
      -- Where the newest window before $2 was begun after the gap, so were those from $2 on.
      AND NOT EXISTS (
          SELECT FROM (
              SELECT span.first_offset
              FROM window_span span
              WHERE span.stream = gap.stream AND span.source_partition = gap.source_partition
                AND span.window_start < $2
              ORDER BY span.window_start DESC
              LIMIT 1
          ) newest
          WHERE newest.first_offset >= gap.to_offset)
      -- Unless all of it was counted after all.
      AND NOT EXISTS (
          SELECT FROM replay_partitions again
          JOIN replays ON replays.id = again.replay_id
          WHERE replays.stream = gap.stream AND again.source_partition = gap.source_partition
            AND again.state = 'done' AND again.started_at >= gap.recorded_at
            AND greatest(again.from_offset, again.start_offset) <= gap.from_offset
            AND coalesce(again.to_offset, again.until_offset) >= gap.to_offset)
)
SELECT before.window_start AS newest_before, after.window_start AS first_after, near.recorded_at
FROM near
LEFT JOIN LATERAL (
    SELECT span.window_start
    FROM window_span span
    WHERE span.stream = near.stream AND span.source_partition = near.source_partition
      AND span.first_offset < near.from_offset
    ORDER BY span.window_start DESC
    LIMIT 1
) before ON true
LEFT JOIN LATERAL (
    SELECT span.window_start
    FROM window_span span
    WHERE span.stream = near.stream AND span.source_partition = near.source_partition
      AND span.first_offset >= near.to_offset
      AND span.window_start >= coalesce(before.window_start, '-infinity')
    ORDER BY span.window_start
    LIMIT 1
) after ON true
