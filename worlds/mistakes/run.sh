#!/bin/sh
# Puts each mistake of this directory, one at a time, into a copy of the project, and searches until it is found. Prints for each the
# world, the depth and the rule. Fails if one is not found. With arguments, only the mistakes whose names hold one of them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cargo=${CARGO:-cargo}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# A build of its own, so that the project's is not spoiled.
target=${MISTAKES_TARGET:-$root/target/mistakes}
(cd "$root" && git ls-files -z | xargs -0 tar cf -) | tar xf - -C "$copy"
# Of the policy, only what a mistake touches is compiled again.
export CARGO_PROFILE_WORLDS_INCREMENTAL=true CARGO_PROFILE_WORLDS_CODEGEN_UNITS=64
missed=0
[ "$#" -gt 0 ] || set -- ""
for mistake in $(for wanted in "$@"; do ls "$here" | grep "$wanted.*[.]patch$"; done); do
  name=$(basename "$mistake" .patch)
  mistake=$here/$mistake
  worlds=$(sed -n 's/^Worlds: //p' "$mistake")
  (cd "$copy" && git apply --recount "$mistake")
  (cd "$copy" && CARGO_TARGET_DIR=$target $cargo build --quiet --package worlds --profile worlds)
  found=$("$target/worlds/worlds" --until-broken "$worlds" | sed -n 's/: BROKEN after \([0-9]*\) steps: /|\1|/p' | head -n 1) || true
  if [ -z "$found" ]; then
    missed=$((missed + 1))
    found="not found||"
  fi
  echo "$name|$found"
  (cd "$copy" && git apply --recount --reverse "$mistake")
done
[ "$missed" -eq 0 ]
