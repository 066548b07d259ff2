-- tokens_valid: the tokens that have not been taken back.
SELECT id, name, scope, secret_sha256, expires_at
FROM api_tokens
WHERE revoked_at IS NULL
