-- statement_timeout: of this transaction, in milliseconds.
SELECT set_config('statement_timeout', $1, true)
