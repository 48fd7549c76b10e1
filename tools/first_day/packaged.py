"""Is dist/ what a release should be, and does it deploy without Rust?

Runs with the Python that moto is installed for, after `make package`:

    tools/first_day/packaged.py AWS_CLI DIST

Checks the checksums and the lists of contents, then unpacks each archive on its own: the binaries have to be of the architecture
that the archive names, the command has to run where it can, and the deploy script deploys to the stand-in that deploys.py uses.
Prints what holds; ends with 1 at the first thing that does not.
"""

import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

from deploys import Account, deploys_from, expect, unpack

# The machine in the header of an ELF file, at byte 18.
MACHINES = {"x86_64": 62, "arm64": 183}


def checksums(dist):
    listed = dict(reversed(line.split("  ")) for line in (dist / "SHA256SUMS").read_text().splitlines())
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dist.iterdir() if path.name != "SHA256SUMS"
    }
    expect(f"each of {len(found)} files has its checksum, and no other is listed", listed == found, (listed, found))


def contents(dist):
    lists = sorted(dist.glob("*.cdx.json"))
    expect("there are two lists of contents", len(lists) == 2, lists)
    for path in lists:
        text = path.read_text()
        bill = json.loads(text)
        expect(
            f"{path.name} is CycloneDX {bill['specVersion']} with {len(bill['components'])} components",
            bill["bomFormat"] == "CycloneDX" and len(bill["components"]) > 50,
        )
        whole = [one["name"] for one in bill["components"] if not (one.get("version") and one.get("licenses"))]
        expect("each of them has a version and a licence", not whole, whole)
        expect("and nothing in it names this machine", str(pathlib.Path.cwd()) not in text and "/root" not in text)


def is_for(binary, architecture):
    head = binary.read_bytes()[:20]
    return head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") == MACHINES[architecture]


def sizes(*paths):
    return ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in paths)


def command(archive, directory, architecture):
    unpacked = unpack(archive, directory / f"command-{architecture}")
    throughput = unpacked / "throughput"
    expect(f"{archive.name}: {sizes(archive, throughput)}, for {architecture}", is_for(throughput, architecture))
    if platform.machine() == {"arm64": "aarch64"}.get(architecture, architecture):
        example = next(iter(sorted((pathlib.Path(__file__).resolve().parents[2] / "events").glob("apply*.json"))))
        ran = subprocess.run([throughput, "check", example], env={}, capture_output=True, text=True)
        expect("the command runs without anything in its environment", ran.returncode == 0, ran.stdout + ran.stderr)
    else:
        print(f"  the command for {architecture} cannot be run on this machine")


def main(cli, dist):
    dist = pathlib.Path(dist).resolve()
    print(f"{dist.name}/:")
    checksums(dist)
    contents(dist)
    services = sorted(dist.glob("throughput-scheduler-*.tar.gz"))
    expect("there is an archive to deploy", services)
    for archive in services:
        architecture = "arm64" if archive.name.endswith("-arm64.tar.gz") else "x86_64"
        print(f"{archive.name}, with nothing but the AWS CLI:")
        with tempfile.TemporaryDirectory() as directory:
            directory = pathlib.Path(directory)
            unpacked = unpack(archive, directory / "alone")
            bootstrap = unpacked / "bootstrap/bootstrap"
            expect(f"{sizes(archive, bootstrap)}, for {architecture}", is_for(bootstrap, architecture))
            account = Account(directory, os.path.abspath(cli))
            try:
                deploys_from(account, directory, unpacked, architecture)
            finally:
                account.server.stop()
            (commands,) = dist.glob(f"throughput-*-linux-{architecture}.tar.gz")
            command(commands, directory, architecture)


if __name__ == "__main__":
    main(*sys.argv[1:])
