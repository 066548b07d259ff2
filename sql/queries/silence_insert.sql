-- silence_insert
INSERT INTO alert_silences (stream, rule, dimension, reason, until, created_by)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id, stream, rule, dimension, reason, starts_at, until, created_by, ended_at
