#!/usr/bin/env bash
# Holds docker-compose.yml against the Compose specification. Needs no Docker; check-jsonschema comes from PyPI into
# target/compose, once.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly version=0.39.0 tools=target/compose
if ! "$tools/bin/check-jsonschema" --version 2>/dev/null | grep -qF " $version"; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "check-jsonschema==$version"
fi
"$tools/bin/check-jsonschema" --builtin-schema vendor.compose-spec docker-compose.yml
