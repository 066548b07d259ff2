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

folder=$(mktemp -d "${TMPDIR:-/tmp}/streampulse-sabotage-XXXXXX")
trap 'rm -rf "$folder"' EXIT
copy=$folder/tree
mkdir "$copy"

(cd "$root" && $cargo build --quiet --locked -p streampulse-chaos) || refuse 'the harness does not build'
ours=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
cp "$ours/debug/chaos" "$folder/chaos"

# A target folder of their own: to Cargo a copy of the tree is the tree, and in a shared one it would take what was
# built from a broken copy for ours. Dependencies are the same, so these are copied rather than built.
target=$ours/sabotage
if [[ ! -d $target ]]; then
    mkdir -p "$target/debug"
    cp -a --reflink=auto "$ours"/debug/{deps,build,.fingerprint} "$target/debug/"
fi

# What is committed or not, without what is built. Newer than whatever was built of an earlier copy.
(cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- --ignore-failed-read) |
    tar --extract --touch --directory "$copy"
if [[ -d $root/frontend/dist ]]; then
    mkdir -p "$copy/frontend"
    cp -r "$root/frontend/dist" "$copy/frontend/"
fi

missed=0
for patch in "$root"/chaos/sabotage/*.patch; do
    name=$(basename "$patch" .patch)
    (cd "$copy" && patch --quiet -p1 <"$patch") || refuse "$name does not fit the tree any more"
    (cd "$copy" && CARGO_TARGET_DIR=$target $cargo build --quiet --locked -p streampulse) \
        2>"$folder/printed" || {
        cat "$folder/printed" >&2
        refuse "$name does not build"
    }
    cp "$target/debug/streampulse" "$folder/streampulse"
    status=0
    "$folder/chaos" --binary "$folder/streampulse" --schedules "$schedules" --seed "$seed" --stop-at-first \
        >"$folder/printed" 2>&1 || status=$?
    case $status in
        0)
            echo "$name: NOT FOUND within $schedules schedules of seed $seed"
            missed=1
            ;;
        1)
            echo "$name: found"
            sed -n '/^FAILED/,/^again:/p' "$folder/printed" | grep -E '^FAILED|^wrong|^  [^ ]' | head -n 8 | sed 's/^/    /'
            ;;
        *)
            tail -n 5 "$folder/printed" >&2
            refuse "$name: the schedules could not be run"
            ;;
    esac
    (cd "$copy" && patch --quiet --reverse -p1 <"$patch")
done
exit "$missed"
