-- annotation_insert
INSERT INTO annotations (at, text, created_by)
VALUES ($1, $2, $3)
RETURNING id, at, text, created_by, created_at
