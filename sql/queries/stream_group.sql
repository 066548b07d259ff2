-- stream_group: the group that reads the stream; the first to ask becomes it.
WITH taken AS (
    UPDATE stream_definitions SET consumer_group = $2 WHERE stream = $1 AND consumer_group IS NULL
    RETURNING consumer_group
)
SELECT coalesce((SELECT consumer_group FROM taken), consumer_group) FROM stream_definitions WHERE stream = $1
