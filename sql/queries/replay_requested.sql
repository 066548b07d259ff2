-- replay_requested: what waits to be taken up by the partitions' owners, the oldest first.
SELECT p.replay_id, p.source_partition, p.from_offset, p.to_offset
FROM replay_partitions p
JOIN replays r ON r.id = p.replay_id
WHERE r.stream = $1 AND p.state = 'requested'
ORDER BY p.replay_id, p.source_partition
