-- annotations: the newest since $1.
SELECT id, at, text, created_by, created_at
FROM annotations
WHERE at >= $1
ORDER BY at DESC, id DESC
LIMIT $2
