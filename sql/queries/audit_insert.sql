-- audit_insert
INSERT INTO api_audit (token, action, subject, request_id, detail) VALUES ($1, $2, $3, $4, $5)
