-- rewind_ongoing: the rewinds under way of these partitions.
SELECT source_partition, to_offset, came_from, stream_time_before, until_offset,
       rebuilt_windows, rebuilt_offsets, rebuilt_times, frozen_windows, frozen_offsets, frozen_times
FROM rewinds
WHERE stream = $1 AND source_partition = ANY ($2)
