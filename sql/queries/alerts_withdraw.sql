-- alerts_withdraw: alerts of the judged windows that no longer hold.
DELETE FROM alerts a
WHERE a.stream = $1 AND a.alert_type = $2 AND a.window_start >= $3 AND a.window_start <= $4
    AND NOT EXISTS (
        SELECT 1 FROM unnest($5::text[], $6::timestamptz[]) AS u (dimension, window_start)
        WHERE u.dimension = a.dimension AND u.window_start = a.window_start)
