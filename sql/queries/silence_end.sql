-- silence_end: before its time; one that has ended stays as it is.
UPDATE alert_silences
SET ended_at = coalesce(ended_at, now()), ended_by = coalesce(ended_by, $2)
WHERE id = $1
RETURNING id, stream, rule, dimension, reason, starts_at, until, created_by, ended_at
