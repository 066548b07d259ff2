-- audit_lock: one entry at a time, until its transaction has ended.
SELECT pg_advisory_xact_lock(hashtextextended('api_audit', 0))
