-- alerts_watch: changes whenever detection wrote or withdrew alerts; reads no alert but the newest id.
SELECT coalesce((SELECT max(id) FROM alerts), 0) AS newest_id,
       coalesce(sum(epoch), 0)::bigint AS detection_epoch,
       max(through_window) AS detected_through,
       min(refold_from) AS refold_from
FROM detector_progress
