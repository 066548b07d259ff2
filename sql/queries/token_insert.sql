-- token_insert: nothing where the name was given before, be it to a token that was taken back.
INSERT INTO api_tokens (name, scope, secret_sha256, created_by, expires_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO NOTHING
RETURNING id
