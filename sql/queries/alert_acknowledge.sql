-- alert_acknowledge: or takes that back ($2). What is so already stays as it is.
UPDATE alerts
SET acknowledged = $2,
    acknowledged_at = CASE WHEN NOT $2 THEN NULL WHEN acknowledged THEN acknowledged_at ELSE now() END,
    acknowledged_by = CASE WHEN NOT $2 THEN NULL WHEN acknowledged THEN acknowledged_by ELSE $3 END
WHERE id = $1
RETURNING id, acknowledged, acknowledged_at, acknowledged_by, stream, alert_type, dimension, window_start
