-- stats_alerts_open: how many alerts nobody has acknowledged.
SELECT count(*) AS unacknowledged FROM alerts WHERE NOT acknowledged
