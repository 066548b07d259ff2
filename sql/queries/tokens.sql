-- tokens: all there ever were, the oldest first.
SELECT name, scope, created_at, created_by, expires_at, revoked_at,
       CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now() THEN 'expired' ELSE 'good' END
FROM api_tokens
ORDER BY id
