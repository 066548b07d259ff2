#!/bin/bash
# healthcheck.sh [PORT [PATH]]: asks a process of this container whether it is well, by default the API whether it can
# answer; needs nothing but bash.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${1:-${API_PORT:-8000}}"
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "${2:-/health}" >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
