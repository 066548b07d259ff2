-- detector_advance: compare-and-set, so that a former leader writes nothing.
UPDATE detector_progress
SET through_window = $3, refold_from = $4, epoch = epoch + 1
WHERE stream = $1 AND epoch = $2
