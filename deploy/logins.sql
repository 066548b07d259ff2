-- The users that the processor and the API log in as: members of the roles that `streampulse migrate` makes, and no more.
-- Run by psql as the tables' owner, after migrate; again after a password has changed.
\set ON_ERROR_STOP on
\getenv processor_password PROCESSOR_PG_PASSWORD
\getenv api_password API_PG_PASSWORD
SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', login, role)
FROM (VALUES ('pulse_processor', 'streampulse_processor'), ('pulse_api', 'streampulse_api')) wanted (login, role)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login)
\gexec
ALTER ROLE pulse_processor PASSWORD :'processor_password';
ALTER ROLE pulse_api PASSWORD :'api_password';
