#!/bin/sh
# Makes dist/, what a release consists of: tools/package.sh [ARCHITECTURE …], each arm64 or x86_64. For each architecture
#
#   throughput-scheduler-VERSION-ARCHITECTURE.tar.gz   the function, template, deploy script, examples, schemas and documents
#   throughput-VERSION-linux-ARCHITECTURE.tar.gz       the command, for any Linux with a C library of 2014 or newer
#
# and once their checksums and, in CycloneDX, what each is made of.
set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
[ $# -gt 0 ] || set -- arm64 x86_64
export PATH="$PWD/.venv/cargo-lambda/bin:$PWD/.cargo-tools/bin:$PATH"
rm -rf dist
mkdir -p dist

for architecture in "$@"; do
  CARGO="$cargo" tools/build.sh "$architecture"
  tools/archive.sh "$architecture" target/lambda/bootstrap/bootstrap dist

  target=x86_64-unknown-linux-gnu
  [ "$architecture" = x86_64 ] || target=aarch64-unknown-linux-gnu
  "$cargo" zigbuild --quiet --release --locked --package cli --bin throughput --target $target.2.17
  name=throughput-$version-linux-$architecture
  install -D -m 755 target/$target/release/throughput "target/package/$name/throughput"
  cp LICENSE-MIT LICENSE-APACHE "target/package/$name/"
  tar --sort=name --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" --owner=0 --group=0 --numeric-owner \
    -C target/package -cf - "$name" | gzip -n -9 > "dist/$name.tar.gz"
done

# cargo-cyclonedx writes a file beside the manifest of each member; only those of what is deployed are of interest.
"$cargo" cyclonedx --quiet --format json --spec-version 1.5 --target x86_64-unknown-linux-gnu --no-build-deps --override-filename sbom.cdx
# References within a file begin with the path of the repository on this machine.
sed "s|file://$PWD|file://|g" sbom.cdx.json > "dist/throughput-scheduler-$version.cdx.json"
sed "s|file://$PWD|file://|g" cli/sbom.cdx.json > "dist/throughput-$version.cdx.json"
find . -name sbom.cdx.json -not -path './target/*' -delete

(cd dist && sha256sum -- * > SHA256SUMS)
ls -l dist
