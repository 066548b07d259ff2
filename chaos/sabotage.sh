#!/usr/bin/env bash
# Does the harness find what is wrong? Breaks the processor in one way after the other (chaos/sabotage/*.patch), each in
# a copy of the tree, and runs schedules until one fails.
#
#     chaos/sabotage.sh [SCHEDULES] [SEED]
#
# Exits with 1 when a sabotage is not found out within SCHEDULES (50) of SEED (1), with 2 when one cannot be tried.
set -euo pipefail

schedules=${1:-50}
seed=${2:-1}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cargo=${CARGO:-cargo}

refuse() {
    echo "sabotage.sh: $1" >&2
    exit 2
}

copy=$(mktemp -d "${TMPDIR:-/tmp}/streampulse-sabotage-XXXXXX")
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")

# The target folder is shared, so that dependencies are built once; the program in it is ours again afterwards.
build_ours() {
    (cd "$root" && $cargo build --quiet --locked -p streampulse -p streampulse-chaos)
}
trap 'rm -rf "$copy"; build_ours' EXIT
build_ours || refuse 'the harness does not build'
cp "$target/debug/chaos" "$copy/chaos"

# What is committed or not, without what is built.
(cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- --ignore-failed-read) |
    tar --extract --directory "$copy"
if [[ -d $root/frontend/dist ]]; then
    mkdir -p "$copy/frontend"
    cp -r "$root/frontend/dist" "$copy/frontend/"
fi

missed=0
for patch in "$root"/chaos/sabotage/*.patch; do
    name=$(basename "$patch" .patch)
    (cd "$copy" && patch --quiet -p1 <"$patch") || refuse "$name does not fit the tree any more"
    (cd "$copy" && CARGO_TARGET_DIR=$target $cargo build --quiet --locked -p streampulse) || refuse "$name does not build"
    cp "$target/debug/streampulse" "$copy/streampulse"
    status=0
    "$copy/chaos" --binary "$copy/streampulse" --schedules "$schedules" --seed "$seed" --stop-at-first \
        >"$copy/printed" 2>&1 || status=$?
    case $status in
        0)
            echo "$name: NOT FOUND within $schedules schedules of seed $seed"
            missed=1
            ;;
        1)
            echo "$name: found"
            sed -n '/^FAILED/,/^again:/p' "$copy/printed" | grep -E '^FAILED|^wrong|^  [^ ]' | head -n 8 | sed 's/^/    /'
            ;;
        *)
            tail -n 5 "$copy/printed" >&2
            refuse "$name: the schedules could not be run"
            ;;
    esac
    (cd "$copy" && patch --quiet --reverse -p1 <"$patch")
done
exit "$missed"
