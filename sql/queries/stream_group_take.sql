-- stream_group_take: the first group to ask becomes the one that reads the stream. Waits for another that asks, and
-- then changes nothing; who it is must be read in a statement of its own, which sees the outcome.
UPDATE stream_definitions SET consumer_group = $2 WHERE stream = $1 AND consumer_group IS NULL
