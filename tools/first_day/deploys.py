"""Does a second deployment keep what the first one set, and does a release deploy without Rust?

A stand-in for AWS that this project did not write, moto's, takes the place of STS, S3 and CloudFormation. The deploy script runs
against it as a user would run it: in the repository, and from an archive that is unpacked on its own, with a path on which there is
nothing but the AWS CLI and the tools of every POSIX system. Runs with the Python that moto is installed for:

    tools/first_day/deploys.py AWS_CLI BOOTSTRAP

AWS_CLI is the AWS CLI to use, BOOTSTRAP any build of the function's binary. Prints what holds; ends with 1 at the first thing that does not.
"""

import logging
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile

import boto3
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-east-1"
# What a POSIX system has, as far as the script uses it; no Rust, no Python of ours, no make.
TOOLS = ["sh", "sed", "grep", "cat", "head", "mktemp", "rm", "dirname", "tar", "gzip", "env"]


def expect(what, holds, because=""):
    if not holds:
        sys.exit(f"does not hold: {what}\n{because}")
    print(f"  {what}")


class Plain(CloudFormationModel):
    """Any resource: it is there, and has whatever is asked of it. Only stack, change set and parameters matter here."""

    # moto reads the name of its service from here.
    __module__ = "moto.stand_in"

    def __init__(self, name):
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_type():
        return "none"

    @classmethod
    def has_cfn_attr(cls, attr):
        return True

    def get_cfn_attribute(self, name):
        return f"arn:aws:stand-in:{REGION}:123456789012:{self.physical_resource_id}"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, *_, **__):
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, new_resource_name, *_, **__):
        # moto also updates what a condition has left out.
        return original_resource or cls(new_resource_name)

    def is_created(self):
        return True


class Account:
    """The stand-in, and the environment of somebody who deploys to it."""

    def __init__(self, directory, cli):
        parsing.resource_class_from_type = lambda kind: Plain
        logging.disable()
        warnings.simplefilter("ignore")
        self.server = ThreadedMotoServer(port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.bin = directory / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            self.bin.joinpath(tool).symlink_to(shutil.which(tool))
        self.bin.joinpath("aws").write_text(f'#!/bin/sh\nexec "{cli}" "$@"\n')
        self.bin.joinpath("aws").chmod(0o755)
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(directory),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": str(directory / "none"),
            "YES": "1",
        }

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def deploy(self, script, *settings, fails=False, answers=None, **more):
        """Runs the script; with `answers` as a person at a terminal would."""
        environment = self.environment | more
        terminal, stdin = pty.openpty()
        if answers is not None:
            del environment["YES"]
            os.write(terminal, "".join(f"{answer}\n" for answer in answers).encode())
        ran = subprocess.run(
            [str(script), *settings],
            env=environment,
            stdin=subprocess.DEVNULL if answers is None else stdin,
            capture_output=True,
            text=True,
            cwd=script.parent,
        )
        os.close(terminal)
        os.close(stdin)
        if (ran.returncode != 0) != fails:
            sys.exit(f"{script} {settings} ended with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
        return ran.stdout + ran.stderr

    def stack(self, name="throughput-scheduler"):
        (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        # moto writes a list that is kept as Python does: ['*'].
        return {one["ParameterKey"]: one["ParameterValue"].strip("[']") for one in stack["Parameters"]}

    def code(self, name="throughput-scheduler"):
        """Where the template of the stack says that the function's code lies."""
        body = self.client("cloudformation").get_template(StackName=name)["TemplateBody"]
        return [re.search(rf"^ +{key}: (\S+)$", body, re.MULTILINE)[1] for key in ("S3Bucket", "S3Key")]


def runs_from_an_archive(account, directory, bootstrap):
    print("from an archive, with nothing but the AWS CLI:")
    made = subprocess.run(
        [ROOT / "tools/archive.sh", "x86_64", bootstrap, directory / "dist"], capture_output=True, text=True, check=True
    )
    archive = pathlib.Path(made.stdout.strip())
    again = subprocess.run(
        [ROOT / "tools/archive.sh", "x86_64", bootstrap, directory / "again"], capture_output=True, text=True, check=True
    )
    expect("the same files make the same archive", archive.read_bytes() == pathlib.Path(again.stdout.strip()).read_bytes())
    unpacked = unpack(archive, directory / "alone")
    deploys_from(account, directory, unpacked, "x86_64")
    kept = directory / "code.zip"
    with zipfile.ZipFile(kept) as package:
        expect("the package holds the binary", package.read("bootstrap") == pathlib.Path(bootstrap).read_bytes())


def unpack(archive, directory):
    """The one directory that is in an archive."""
    directory.mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", directory], check=True)
    (unpacked,) = directory.iterdir()
    return unpacked


def deploys_from(account, directory, unpacked, architecture):
    """Deploys twice from an unpacked archive, and tries what has to be refused."""
    links = [
        (document, link)
        for document in unpacked.rglob("*.md")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    ]
    lost = [f"{document.name}: {link}" for document, link in links if not (document.parent / link).exists()]
    expect(f"each of {len(links)} links in its documents leads to a file in it", links and not lost, lost)
    for tool in ("cargo", "rustc", "make", "python3"):
        expect(f"there is no {tool} on the path", shutil.which(tool, path=account.environment["PATH"]) is None)

    said = account.deploy(unpacked / "deploy", "MaxModelUnits=3", "AlarmEmail=operators@example.com")
    expect("the change set is shown", "AWS::Lambda::Function" in said and "Guard" in said, said)
    first = account.stack()
    expect(
        "the first deployment sends what was given, and defaults",
        first["MaxModelUnits"] == "3"
        and first["AlarmEmail"] == "operators@example.com"
        and first["AllowedModels"] == "*"
        and first["Architecture"] == architecture,
        first,
    )
    code = account.code()
    kept = directory / "code.zip"
    account.client("s3").download_file(*code, str(kept))
    with zipfile.ZipFile(kept) as package:
        (entry,) = package.infolist()
        expect(
            "the package holds the archive's binary, and Lambda may run it",
            entry.filename == "bootstrap"
            and entry.external_attr >> 16 & 0o111 == 0o111
            and package.read("bootstrap") == unpacked.joinpath("bootstrap/bootstrap").read_bytes(),
        )

    account.deploy(unpacked / "deploy", "AllowedModels=amazon.nova-*")
    second = account.stack()
    expect(
        "the second deployment changes what was given, and nothing else",
        second == first | {"AllowedModels": "amazon.nova-*"},
        second,
    )

    said = account.deploy(unpacked / "deploy", "MaxModelUnit=2", fails=True)
    expect("a parameter that is misspelt is refused before anything is sent", "no parameter MaxModelUnit" in said, said)
    other = "arm64" if architecture == "x86_64" else "x86_64"
    said = account.deploy(unpacked / "deploy", f"Architecture={other}", fails=True)
    expect("the architecture cannot differ from what was built", "Architecture" in said, said)
    said = account.deploy(unpacked / "deploy", STACK="another", BUCKET="nobody-s", fails=True)
    expect("a bucket that is not there is not made under a name that was given", "no bucket nobody-s" in said, said)


def runs_in_the_repository(account, directory, bootstrap):
    print("in the repository, as make deploy does:")
    checkout = directory / "checkout"
    (checkout / "target/lambda/bootstrap").mkdir(parents=True)
    (checkout / "tools").mkdir()
    shutil.copy(ROOT / "template.yaml", checkout)
    shutil.copy(ROOT / "tools/deploy.sh", checkout / "tools")
    shutil.copy(bootstrap, checkout / "target/lambda/bootstrap/bootstrap")
    checkout.joinpath("target/lambda/architecture").write_text("x86_64\n")
    script = checkout / "tools/deploy.sh"
    # A samconfig.toml of an earlier release, as its guided deployment wrote it, says nothing here.
    checkout.joinpath("samconfig.toml").write_text('[default.deploy.parameters]\nparameter_overrides = "MaxModelUnits=9"\n')
    account.deploy(script, "MaxTotalModelUnits=4", STACK="second")
    first = account.stack("second")
    expect(
        "the stack has the name that was asked for, and what was given",
        (first["MaxTotalModelUnits"], first["MaxModelUnits"], first["Architecture"]) == ("4", "1", "x86_64"),
        first,
    )
    # A newer release: nothing is given, and something has to change, as moto refuses a change set without changes.
    checkout.joinpath("target/lambda/bootstrap/bootstrap").write_bytes(b"newer")
    code = account.code("second")
    account.deploy(script, STACK="second")
    expect("a newer release keeps every parameter", account.stack("second") == first, account.stack("second"))
    expect("and brings its code", account.code("second") != code, code)


def asks_only_the_first_time(account, directory):
    print("at a terminal:")
    script = directory / "checkout/tools/deploy.sh"
    said = account.deploy(script, answers=["2", "5", "amazon.nova-*", "", "no"], fails=True, STACK="refused")
    expect("somebody who says no has changed nothing", "nothing was changed" in said, said)
    said = account.deploy(script, answers=["2", "5", "amazon.nova-*", "", "yes"], STACK="third")
    first = account.stack("third")
    expect("the first deployment asks", "Most model units of one commitment [1]" in said, said)
    expect(
        "and takes the answers, and defaults for Enter",
        [first[name] for name in ("MaxModelUnits", "MaxTotalModelUnits", "AllowedModels", "AlarmEmail", "TickRate")]
        == ["2", "5", "amazon.nova-*", "", "rate(1 minute)"],
        first,
    )
    said = account.deploy(script, "LogRetentionInDays=30", answers=["yes"], STACK="third")
    expect("the second asks for no setting, only whether to go on", "Carry this out" in said and "Most model" not in said, said)
    expect(
        "and keeps every answer",
        account.stack("third") == first | {"LogRetentionInDays": "30"},
        account.stack("third"),
    )


def main(cli, bootstrap):
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        account = Account(directory, os.path.abspath(cli))
        try:
            runs_from_an_archive(account, directory, os.path.abspath(bootstrap))
            runs_in_the_repository(account, directory, os.path.abspath(bootstrap))
            asks_only_the_first_time(account, directory)
        finally:
            account.server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
