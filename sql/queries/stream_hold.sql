-- stream_hold: who paused the stream, and why; nothing where it is to be read.
SELECT changed_by, reason FROM stream_control WHERE stream = $1 AND paused
