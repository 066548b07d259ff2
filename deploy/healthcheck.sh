#!/bin/bash
# Asks the API of this container whether it can answer; needs nothing but bash.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${API_PORT:-8000}"
printf 'GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
