-- replay_cancel: takes back what no processor has taken up; null where there is no such replay.
WITH cancelled AS (
    UPDATE replay_partitions SET state = 'cancelled', finished_at = now()
    WHERE replay_id = $1 AND state = 'requested'
    RETURNING source_partition
)
SELECT r.id, r.stream, (SELECT count(*) FROM cancelled) AS cancelled,
       (SELECT count(*) FROM replay_partitions p
        WHERE p.replay_id = r.id AND p.state NOT IN ('requested', 'cancelled')) AS begun
FROM replays r
WHERE r.id = $1
