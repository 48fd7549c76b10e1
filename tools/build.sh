#!/bin/sh
# Makes the deployable package target/lambda/bootstrap/ for the architecture given, arm64 or x86_64. Without one: for arm64,
# which costs less to run, or for x86_64 where the Rust target for arm64 is missing and cannot be added.
set -eu
cd "$(dirname "$0")/.."

target=aarch64-unknown-linux-gnu
arm64_is_there() { test -d "$(rustc --print target-libdir --target $target)"; }

architecture=${1:-}
if [ -z "$architecture" ]; then
  if arm64_is_there || { rustup target add $target && arm64_is_there; }; then
    architecture=arm64
  else
    echo "no Rust target $target here: building for x86_64" >&2
    architecture=x86_64
  fi
fi
case $architecture in
  arm64) ;;
  x86_64) target=x86_64-unknown-linux-gnu ;;
  *) echo "\`$architecture\` is not an architecture of Lambda; use arm64 or x86_64" >&2; exit 2 ;;
esac

# The profile is the project's own: without --disable-optimizations cargo-lambda would add to it, a panic that aborts too.
PATH="$PWD/.venv/cargo-lambda/bin:$PATH" "${CARGO:-cargo}" lambda build --release --locked --bin bootstrap \
  --target $target --disable-optimizations --lambda-dir target/lambda
echo "$architecture" > target/lambda/architecture

size=$(wc -c < target/lambda/bootstrap/bootstrap)
echo "target/lambda/bootstrap/bootstrap: $architecture, $((size / 100000 / 10)).$((size / 100000 % 10)) MB"
