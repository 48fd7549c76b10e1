"""The program `stage` from Python: a simulated account, and perhaps the real binary in front of it."""

import json
import subprocess

import botocore.session
from botocore.config import Config

REGION = "eu-central-1"
# What is refused once must be heard once; and nothing here may wait for long.
CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)


class Stage:
    """Runs `stage` with `arguments` for as long as the block lasts."""

    def __init__(self, program, *arguments):
        self.command = [program, *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["Url"]
        return self

    def __exit__(self, *_error):
        self.process.stdin.close()
        self.process.wait(timeout=30)

    def say(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"stage has ended at {command}"
        return json.loads(line)


def client(service, url):
    session = botocore.session.Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    return session.create_client(service, region_name=REGION, endpoint_url=url, config=CONFIG)


def refused(by, call, **parameters):
    """Calls what must be refused with the exception class `by`, and gives the exception."""
    try:
        call(**parameters)
    except by as error:
        assert type(error) is by, f"{type(error).__name__} is not {by.__name__} itself"
        return error
    raise AssertionError(f"{call.__name__} was not refused with {by.__name__}")
