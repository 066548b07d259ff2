-- token_revoke: null where there is no such token; one that was taken back stays so.
UPDATE api_tokens SET revoked_at = coalesce(revoked_at, now()) WHERE name = $1 RETURNING revoked_at
