-- pipeline_control: streams that somebody has paused or resumed.
SELECT stream, paused, reason, changed_by, changed_at FROM stream_control
