-- alerts_watch: changes whenever detection wrote or withdrew alerts, or somebody wrote through the API; reads no alert
-- but the newest id.
SELECT coalesce((SELECT max(id) FROM alerts), 0) AS newest_id,
       coalesce((SELECT max(id) FROM api_audit), 0) AS newest_write,
       coalesce(sum(epoch), 0)::bigint AS detection_epoch,
       max(through_window) AS detected_through,
       min(refold_from) AS refold_from
FROM detector_progress
