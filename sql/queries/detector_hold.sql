-- detector_hold: no commit of this stream is half done while its windows are judged.
SELECT source_partition FROM partition_progress WHERE stream = $1 ORDER BY source_partition FOR SHARE
