-- alerts_upsert: judging a window again changes its alert, never doubles it.
INSERT INTO alerts (stream, alert_type, dimension, window_start, severity, message, region, metric_name,
    metric_value, threshold_value)
SELECT $1, $2, u.dimension, u.window_start, u.severity, u.message, CASE WHEN $3 THEN u.dimension END, $4,
    u.metric_value, u.threshold_value
FROM unnest($5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::float8[], $10::float8[])
    AS u (dimension, window_start, severity, message, metric_value, threshold_value)
ON CONFLICT (stream, alert_type, dimension, window_start) DO UPDATE SET
    severity = EXCLUDED.severity, message = EXCLUDED.message,
    metric_value = EXCLUDED.metric_value, threshold_value = EXCLUDED.threshold_value
