-- roles_grant: exactly what each needs, whatever they had before. Neither may create, alter, drop or truncate anything.
BEGIN;
SELECT pg_advisory_xact_lock(hashtextextended('roles_grant', 0));
GRANT USAGE ON SCHEMA public TO streampulse_processor, streampulse_api;

DO $$
DECLARE
    relation record;
BEGIN
    FOR relation IN
        SELECT c.oid::regclass AS name, c.relkind IN ('r', 'p') AS is_table
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
            AND NOT c.relispartition AND pg_has_role(c.relowner, 'USAGE')
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM streampulse_processor, streampulse_api', relation.name);
        EXECUTE format('GRANT SELECT ON %s TO streampulse_api', relation.name);
        IF relation.is_table THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO streampulse_processor', relation.name);
        END IF;
    END LOOP;
END $$;

-- The processor has nothing to do with who writes through the API, and only reads what people told it.
REVOKE ALL ON api_tokens, api_audit, annotations FROM streampulse_processor;
REVOKE INSERT, UPDATE, DELETE ON alert_silences, stream_control, refinery_schema_history, stream_definitions
    FROM streampulse_processor;
GRANT UPDATE (consumer_group) ON stream_definitions TO streampulse_processor;
REVOKE DELETE ON partition_progress, data_gaps, detector_progress, replays, replay_partitions
    FROM streampulse_processor;

-- The API reads, and writes what people tell it. It adds to the audit and can neither change nor forget it; it can make
-- no token.
GRANT INSERT ON api_audit, alert_silences, annotations, stream_control, replays, replay_partitions
    TO streampulse_api;
GRANT UPDATE (acknowledged, acknowledged_at, acknowledged_by) ON alerts TO streampulse_api;
GRANT UPDATE (ended_at, ended_by) ON alert_silences TO streampulse_api;
GRANT UPDATE (paused, reason, changed_by, changed_at) ON stream_control TO streampulse_api;
GRANT UPDATE (state, finished_at) ON replay_partitions TO streampulse_api;

-- The one thing the processor has made, with the owner's rights: the daily partitions of rollup tables.
REVOKE EXECUTE ON FUNCTION ensure_day_partition(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_day_partition(text, date) TO streampulse_processor;

-- Tables of streams that are added later.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO streampulse_processor;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO streampulse_api;
COMMIT;
