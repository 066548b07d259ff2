#!/usr/bin/env bash
# Holds docker-compose.yml against the Compose specification. Needs python3 and the Python package index, no Docker.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check check-jsonschema==0.39.0
"$folder/venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec docker-compose.yml
