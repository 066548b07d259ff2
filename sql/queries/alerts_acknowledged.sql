-- alerts_acknowledged: changes whenever somebody acknowledged an alert or took that back.
SELECT count(*) AS acknowledged, max(acknowledged_at) AS latest
FROM alerts
WHERE acknowledged
