-- detector_mark_revised: a window that was final has changed, so detection must run again from there.
UPDATE detector_progress
SET refold_from = LEAST(refold_from, $2), epoch = epoch + 1
WHERE stream = $1 AND through_window >= $2
