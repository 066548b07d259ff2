-- rewind_store: one rewind per partition; a later one has taken the earlier into account.
INSERT INTO rewinds (stream, source_partition, to_offset, came_from, stream_time_before, until_offset,
    rebuilt_windows, rebuilt_offsets, rebuilt_times, frozen_windows, frozen_offsets, frozen_times, replay_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (stream, source_partition) DO UPDATE SET
    to_offset = EXCLUDED.to_offset, came_from = EXCLUDED.came_from,
    stream_time_before = EXCLUDED.stream_time_before, until_offset = EXCLUDED.until_offset,
    rebuilt_windows = EXCLUDED.rebuilt_windows, rebuilt_offsets = EXCLUDED.rebuilt_offsets,
    rebuilt_times = EXCLUDED.rebuilt_times, frozen_windows = EXCLUDED.frozen_windows,
    frozen_offsets = EXCLUDED.frozen_offsets, frozen_times = EXCLUDED.frozen_times, replay_id = EXCLUDED.replay_id
