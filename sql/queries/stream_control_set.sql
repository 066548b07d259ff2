-- stream_control_set: pauses a stream or lets it go on; its processors look for it.
INSERT INTO stream_control AS c (stream, paused, reason, changed_by)
VALUES ($1, $2, $3, $4)
ON CONFLICT (stream) DO UPDATE
    SET paused = EXCLUDED.paused, reason = EXCLUDED.reason, changed_by = EXCLUDED.changed_by, changed_at = now()
RETURNING stream, paused, reason, changed_by, changed_at
