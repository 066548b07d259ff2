-- silence_insert: nothing where its end has passed by the database's clock.
INSERT INTO alert_silences (stream, rule, dimension, reason, until, created_by)
SELECT $1, $2, $3, $4, $5::timestamptz, $6
WHERE $5::timestamptz > now()
RETURNING id, stream, rule, dimension, reason, starts_at, until, created_by, ended_at
