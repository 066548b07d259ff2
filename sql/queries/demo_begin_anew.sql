-- demo_begin_anew: the demo's broker forgets its log when it ends, so whatever was made from that log goes, and so do
-- orders about its reading. What people wrote stays. A table that is not named here is one that was made from a log.
DO $$
DECLARE
    from_the_log text;
BEGIN
    SELECT string_agg(format('%I', relname), ', ') INTO from_the_log
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND relname NOT IN ('refinery_schema_history', 'stream_definitions', 'detector_progress',
            'api_tokens', 'api_audit', 'alert_silences', 'annotations');
    EXECUTE 'TRUNCATE ' || from_the_log;
    UPDATE detector_progress SET through_window = NULL, refold_from = NULL, epoch = epoch + 1;
END $$
