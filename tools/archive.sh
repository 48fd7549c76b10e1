#!/bin/sh
# Puts what a user needs to deploy into one archive: tools/archive.sh ARCHITECTURE BOOTSTRAP DIRECTORY
# ARCHITECTURE is arm64 or x86_64, BOOTSTRAP the function's binary for it, DIRECTORY where the archive goes. Prints its path.
set -eu
cd "$(dirname "$0")/.."

architecture=$1
bootstrap=$2
directory=$3
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=throughput-scheduler-$version-$architecture
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT

mkdir -p "$directory" "$staging/$name/bootstrap"
install -m 755 "$bootstrap" "$staging/$name/bootstrap/bootstrap"
install -m 755 tools/deploy.sh "$staging/$name/deploy"
sed 's|^      Code: target/lambda/bootstrap/$|      Code: bootstrap/|' template.yaml > "$staging/$name/template.yaml"
grep -q '^      Code: bootstrap/$' "$staging/$name/template.yaml"
echo "$architecture" > "$staging/$name/architecture"
cp -R README.md ARCHITECTURE.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE-MIT LICENSE-APACHE docs examples schema events \
  "$staging/$name/"

# The same commit gives the same archive: order, times and owners are fixed. (A zip, which the AWS CLI makes of it, knows no time before 1980.)
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1000000000)}
tar --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner -C "$staging" -cf - "$name" \
  | gzip -n -9 > "$directory/$name.tar.gz"
echo "$directory/$name.tar.gz"
