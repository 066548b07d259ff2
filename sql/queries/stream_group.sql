-- stream_group: the group that reads the stream.
SELECT coalesce(consumer_group, '') FROM stream_definitions WHERE stream = $1
