-- rewind_move: back to where reading goes on. The raised epoch fences a commit that is under way.
UPDATE partition_progress
SET next_offset = $3, stream_time = $4, owner_epoch = owner_epoch + 1, commit_seq = commit_seq + 1,
    idle = false, updated_at = now()
WHERE stream = $1 AND source_partition = $2
