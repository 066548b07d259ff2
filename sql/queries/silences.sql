-- silences: those in effect, the one that ends first at the top.
SELECT id, stream, rule, dimension, reason, starts_at, until, created_by, ended_at
FROM alert_silences
WHERE ended_at IS NULL AND until > now()
ORDER BY until, id
LIMIT 500
