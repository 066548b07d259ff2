-- stats_alerts: the newest alerts, of one severity or of all.
SELECT id, alert_type, severity, message, region, metric_name, metric_value, threshold_value, created_at,
       EXISTS (SELECT FROM v_silenced_alerts silenced WHERE silenced.id = alerts.id) AS silenced
FROM alerts
WHERE acknowledged = $2 AND ($3::text IS NULL OR severity = $3)
ORDER BY created_at DESC, id DESC
LIMIT $1
