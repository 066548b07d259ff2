-- pipeline_gaps: offsets never counted, the last $1 of each stream, the latest first.
SELECT stream, source_partition, from_offset, to_offset, reason, recorded_by, recorded_at
FROM (SELECT *, row_number() OVER (PARTITION BY stream ORDER BY recorded_at DESC, source_partition, from_offset) AS nth
      FROM data_gaps) gaps
WHERE nth <= $1
ORDER BY stream, nth
