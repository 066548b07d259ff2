-- stats_alerts_open: how many alerts nobody has acknowledged or silenced.
SELECT count(*) AS unacknowledged
FROM alerts
WHERE NOT acknowledged AND NOT EXISTS (SELECT FROM v_silenced_alerts silenced WHERE silenced.id = alerts.id)
