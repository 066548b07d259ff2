-- replay_refuse
UPDATE replay_partitions SET state = 'refused', detail = $3, finished_at = now()
WHERE replay_id = $1 AND source_partition = $2 AND state = 'requested'
