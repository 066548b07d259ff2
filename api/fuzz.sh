#!/usr/bin/env bash
# Asks a real server, with a real database, whatever its own description allows and much that it does not: no answer may
# be a 5xx, and each must be as /openapi.json says. Three times: without a token, with one that may operate, with an admin's.
#
#   api/fuzz.sh [EXAMPLES [SEED]]     examples per operation, default 100
#
# Schemathesis comes from PyPI into target/fuzz. What it finds is in target/fuzz/report-*; api/fuzz.toml says what it does,
# api/fuzz_requests.py makes requests that ask for something. The server is the demo, so there are data and a processor.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly examples=${1:-100} seed=${2:-1} tools=target/fuzz port=${API_PORT:-18080}
readonly program=${STREAMPULSE:-target/debug/streampulse} api=http://127.0.0.1:$port

[ -x "$program" ] || { echo "fuzz.sh: $program is missing: build it first" >&2; exit 2; }
if ! "$tools/venv/bin/schemathesis" --version 2>/dev/null | grep -q ' 4\.32\.'; then
    python3 -m venv --clear "$tools/venv"
    "$tools/venv/bin/pip" install --quiet 'schemathesis==4.32.*'
fi

# Nothing of this is to lie in the project's folder.
export HYPOTHESIS_STORAGE_DIRECTORY=$tools/hypothesis
# In /tmp, as the account that PostgreSQL runs under must reach it.
data=$(mktemp -d)
chmod 755 "$data"
"$program" demo --data-dir "$data/postgres" --api-port "$port" --reads-per-second 0 --writes-per-minute 0 \
    --log-level warn >"$tools/server.log" 2>&1 &
readonly server=$!
trap 'kill -INT $server 2>/dev/null || true; wait $server || true; rm -rf "$data"' EXIT
until grep -q ' live: ' "$tools/server.log"; do
    kill -0 $server || { cat "$tools/server.log" >&2; exit 1; }
    sleep 0.2
done
password=$(cat "$data/postgres/password")
DATABASE_URL="postgres://streampulse:$password@127.0.0.1:$(sed -n 4p "$data/postgres/cluster/postmaster.pid")/streampulse"
export DATABASE_URL

rm -rf "$tools"/report-*
failed=0
for who in nobody operate admin; do
    if [ "$who" = nobody ]; then
        # Before it shows a token, nobody is told which methods a path takes.
        as=(--exclude-checks unsupported_method)
    else
        as=(--header "Authorization: Bearer $("$program" token create --name "fuzz-$who" --scope "$who" 2>/dev/null)")
    fi
    echo "fuzz.sh: as $who"
    "$tools/venv/bin/schemathesis" --config-file api/fuzz.toml run "$api/openapi.json" "${as[@]}" \
        --max-examples "$examples" --seed "$seed" --report junit,vcr --report-dir "$tools/report-$who" || failed=1
done
kill -0 $server || { echo "fuzz.sh: the server has ended:" >&2; cat "$tools/server.log" >&2; exit 1; }
exit $failed
