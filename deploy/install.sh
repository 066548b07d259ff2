#!/usr/bin/env bash
# Installs what is missing on Debian or Ubuntu: what the Rust crates link, PostgreSQL, Java and Maven for a real
# Kafka, Chromium for the browser tests, and Python's venv for the check of docker-compose.yml. Does nothing, and needs
# no root, where all is there.
# Rust and Node.js are not installed: see the README.
set -euo pipefail

missing=()
need() { # need PACKAGE COMMAND...: the package gives one of the commands
    local package=$1
    shift
    for command in "$@"; do
        if command -v "$command" >/dev/null || compgen -G "$command" >/dev/null; then return; fi
    done
    missing+=("$package")
}

need_venv() { # Python may be there without the part of it that makes environments
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
}

need build-essential cc
need cmake cmake
need pkg-config pkg-config
need libssl-dev '/usr/include/openssl/ssl.h'
need zlib1g-dev '/usr/include/zlib.h'
need postgresql postgres '/usr/lib/postgresql/*/bin/postgres'
if [ "${1:-all}" = all ]; then
    need openjdk-17-jre-headless java
    need maven mvn
    need chromium /usr/bin/chromium
    need_venv
elif [ "$1" = bench ]; then
    need wrk wrk
elif [ "$1" = fuzz ]; then
    need_venv
fi

for tool in cargo npm; do
    command -v "$tool" >/dev/null || { echo "install.sh: $tool is missing; see 'What it needs' in README.md" >&2; exit 2; }
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "install.sh: installing ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
# A server of its own is all that is wanted, not a cluster that starts with the machine.
if [[ " ${missing[*]} " == *" postgresql "* ]]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
