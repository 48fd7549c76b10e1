"""tools/smoke/ against the simulated account: both readings of each row that it settles, and nothing is ever left.

    rehearse.py ACCOUNT

ACCOUNT is the program `account` of the simulator. Nothing here waits: where the trial would sleep, the account's
clock is turned.
"""

import contextlib
import io
import itertools
import json
import pathlib
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import botocore.session
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

import smoke
from findings import ROWS, Findings
from trial import Trial

MODEL = "amazon.nova-lite-v1:0:24k"
# One for all: it keeps the models that it has read.
SESSION = botocore.session.Session()
SESSION.set_credentials("AKIDEXAMPLE", "secret")
FACTS = pathlib.Path(__file__).resolve().parents[2] / "docs/aws-facts.md"


class Account:
    """The simulated account, for as long as the block lasts."""

    def __init__(self, program, **behave):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        begun = json.loads(self.process.stdout.readline())
        self.url, self.alias = begun["Url"], (begun["AgentId"], begun["AgentAliasId"])
        self.say(Behave={"CreationTime": 60, "AliasSettle": 3, **behave})

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0

    def say(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the account has ended at {command}"
        return json.loads(line)

    def client(self, service):
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
        return SESSION.create_client(service, region_name="eu-central-1", endpoint_url=self.url, config=config)


class TurnedClock:
    """The account's clock. `end_at` is the sleep that somebody ends with Ctrl-C."""

    def __init__(self, account, end_at=None):
        self.account, self.time, self.sleeps, self.end_at = account, datetime(2026, 11, 28, tzinfo=UTC), 0, end_at

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.sleeps += 1
        if self.sleeps == self.end_at:
            raise KeyboardInterrupt
        self.account.say(Advance=seconds)
        self.time += timedelta(seconds=seconds)


class Meddled:
    """A client of which some calls go another way: for what the account has no switch."""

    def __init__(self, client, **calls):
        self.client, self.calls = client, calls

    def __getattr__(self, name):
        call = getattr(self.client, name)
        return (lambda **given: self.calls[name](call, **given)) if name in self.calls else call


def play(account, bedrock=None, agents=None, end_at=None, alias=True, patience=7200):
    """Plays the trial as the program does, and sees that nothing is left. Returns findings, exit code and trial."""
    findings = Findings()
    trial = Trial(
        bedrock or account.client("bedrock"),
        agents or account.client("bedrock-agent"),
        findings,
        MODEL,
        "smoke-0123abcd",
        alias=account.alias if alias else None,
        clock=TurnedClock(account, end_at),
        say=lambda text: None,
        patience=patience,
    )
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = smoke.play(trial, findings)
    return findings, code, trial


def nothing_is_left(account, why=""):
    seen = account.say(Look=True)
    assert (seen["Throughputs"], seen["Route"], seen["Version"]) == ([], None, "3"), f"{why}: {seen}"
    return seen["Bought"]


# What the account does, and what has to be seen then: for each row both readings.
READINGS = [
    ({"DeleteWhileCreating": "No"}, {"early": "accepted"}),
    ({"DeleteWhileCreating": "Conflict"}, {"early": "refused: ConflictException"}),
    ({"DeleteWhileCreating": "Validation"}, {"early": "refused: ValidationException"}),
    ({"SpentToken": "ReturnsOld"}, {"token": "gave the old ARN, and bought nothing"}),
    ({"SpentToken": "BuysAnew"}, {"token": "it bought anew"}),
    ({"DeleteWhileCreating": "No", "SpentToken": "BuysAnew"}, {"early": "accepted", "token": "it bought anew"}),
    ({"DeleteWhileCreating": "No", "SpentToken": "ReturnsOld"}, {"early": "accepted", "token": "bought nothing"}),
    ({"NamesUnique": True}, {"name": "refused: ValidationException"}),
    ({"NamesUnique": False}, {"name": "accepted: there are two of one name"}),
    ({"NamesUnique": False, "Quota": 1}, {"name": "the quota or a rate refused it first"}),
    ({"CheckRoute": True}, {"unready": "refused: ValidationException"}),
    ({"CheckRoute": False}, {"unready": "accepted, then PREPARED"}),
    (
        {},
        {
            "lag": "after a purchase: Get 0 s, List 0 s, tags 0 s",
            "fit": "it fits; PREPARED",
            "back": "it does, and the version stays",
        },
    ),
    ({"GetLag": 3, "ListLag": 7, "TagsAfterCreate": 5}, {"lag": "after a purchase: Get 3 s, List 7 s, tags 5 s"}),
    ({"GetAfterDelete": 4, "ListAfterDelete": 6}, {"lag": "after a deletion: Get 4 s, List 6 s"}),
    ({"TagsAfterChange": 9}, {"lag": "after a change of tags: tags 9 s"}),
    ({"ListLag": 90}, {"lag": "List more than 60 s"}),
]


def readings(program):
    for behave, expected in READINGS:
        with Account(program, **behave) as account:
            findings, code, _ = play(account)
            assert code == 0, f"{behave}: {code}"
            nothing_is_left(account, behave)
            for row, words in expected.items():
                seen = "; ".join(findings.seen[row])
                assert words in seen, f"{behave}: {row}: {seen}"
                assert (row in findings.settled) == ("refused it first" not in words), f"{behave}: {row}"
    return len(READINGS)


def other_readings(program):
    """Rows for whose other reading the account has no switch: it is played by a client that answers otherwise."""
    with Account(program) as account:
        flicker = itertools.cycle([False, False, True])

        def get(call, **given):
            if "provisioned-model/" in given["provisionedModelId"] and next(flicker):
                given = {
                    "provisionedModelId": "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/nobodyknows0"
                }
            return call(**given)

        findings, code, _ = play(
            account, bedrock=Meddled(account.client("bedrock"), get_provisioned_model_throughput=get)
        )
        nothing_is_left(account, "flickering")
        assert "Get went back" in "; ".join(findings.seen["lag"]), findings.seen
    with Account(program, CheckRoute=True) as account:
        # Once it was taken off, it is shown as if it were still there.
        kept = []

        def look(call, **given):
            found = call(**given)
            if kept == ["stuck"] and found["agentAlias"]["agentAliasStatus"] == "PREPARED":
                kept[0] = "seen"
                still = {"agentVersion": "3", "provisionedThroughput": "arn:still"}
                found["agentAlias"]["routingConfiguration"] = [still]
            return found

        def change(call, **given):
            answer = call(**given)
            if given["routingConfiguration"] == [{"agentVersion": "3"}] and not kept:
                kept.append("stuck")
            return answer

        agents = Meddled(account.client("bedrock-agent"), get_agent_alias=look, update_agent_alias=change)
        findings, code, _ = play(account, agents=agents)
        nothing_is_left(account, "a route that stays")
        assert "it does not: " in findings.seen["back"][0] and code == 0, findings.seen
    with Account(program, CheckRoute=True) as account:
        account.say(FailNextAliasUpdate="the model does not fit")
        findings, code, _ = play(account)
        nothing_is_left(account, "an alias that fails")
        assert "it fits; FAILED: the model does not fit" in findings.seen["fit"][0] and code == 0, findings.seen
    return 3


def ends_early(program):
    """Ctrl-C at each moment at which it waits, an error of each call, an answer that is lost: nothing is left."""
    with Account(program) as account:
        moments = play(account)[2].clock.sleeps
    for moment in range(1, moments + 1):
        with Account(program) as account:
            _, code, trial = play(account, end_at=moment)
            assert code in (0, 130) and not trial.left, f"Ctrl-C at {moment}: {code} {trial.left}"
            nothing_is_left(account, f"Ctrl-C at {moment}")
    calls = {
        "bedrock": [
            "create_provisioned_model_throughput",
            "get_provisioned_model_throughput",
            "tag_resource",
            "list_tags_for_resource",
        ],
        "bedrock-agent": ["update_agent_alias", "get_agent_alias", "get_agent_version"],
    }
    for service, names in calls.items():
        for name, nth in itertools.product(names, (1, 2, 3)):
            with Account(program) as account:
                count = itertools.count(1)

                def lost(call, number=count, last=nth, **given):
                    # It has its effect, and the answer is lost.
                    answer = call(**given)
                    if next(number) == last:
                        raise EndpointConnectionError(endpoint_url="https://nowhere")
                    return answer

                meddled = {
                    service.replace("bedrock-agent", "agents"): Meddled(account.client(service), **{name: lost})
                }
                _, _, trial = play(account, **meddled)
                assert not trial.left, f"{name} number {nth}: {trial.left}"
                nothing_is_left(account, f"{name} number {nth}")
    with Account(program) as account:
        account.say(FailNextCreation="no capacity")
        _, code, trial = play(account)
        assert code == 0 and not trial.left
        nothing_is_left(account, "a creation that fails")
    return moments


def refuses_to_begin(program):
    """Buys nothing that is not sold, nor with an alias that is in use. Says what could not be cleaned up."""
    with Account(program) as account:
        agents = account.client("bedrock-agent")
        where = {"agentId": account.alias[0], "agentAliasId": account.alias[1]}
        name = agents.get_agent_alias(**where)["agentAlias"]["agentAliasName"]
        used = [
            {
                "agentVersion": "3",
                "provisionedThroughput": "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/0123456789ab",
            }
        ]
        agents.update_agent_alias(**where, agentAliasName=name, routingConfiguration=used)
        account.say(Advance=60)
        _, code, _ = play(account)
        assert code == 1 and account.say(Look=True)["Bought"] == 0
    with Account(program) as account:
        findings = Findings()
        trial = Trial(
            account.client("bedrock"), None, findings, "amazon.nova-lite-v1:0", "smoke-0", clock=TurnedClock(account)
        )
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert smoke.play(trial, findings) == 1
        assert nothing_is_left(account) == 0
    with Account(program) as account:

        def refuse(call, **given):
            raise EndpointConnectionError(endpoint_url="https://nowhere")

        bedrock = Meddled(account.client("bedrock"), delete_provisioned_model_throughput=refuse)
        _, code, trial = play(account, bedrock=bedrock, alias=False)
        assert code == 1 and any("delete-provisioned-model-throughput" in line for line in trial.left), trial.left


def asks_first():
    """Costs are told, and without a yes nothing is bought."""
    assert "ONE MODEL UNIT" in smoke.costs(90, None) and "worst case 190.62" in smoke.costs(90, 21.18)
    for words in (["m", "--alias", "A"], ["m", "--alias", "AGENT/TSTALIASID"]):
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                smoke.arguments(words)
            except SystemExit as ended:
                assert ended.code == 2
            else:
                raise AssertionError(words)
    ran = subprocess.run(
        [sys.executable, "-B", smoke.__file__, MODEL, "--region", "eu-central-1"],
        input="no\n",
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2 and "nothing was bought" in ran.stdout, ran


def rows_are_in_the_document():
    facts = [line for line in FACTS.read_text().splitlines() if line.startswith("| ")]
    for name, row in ROWS.items():
        (line,) = [line for line in facts if row.words in line]
        assert line.startswith(f"| {row.mark} |") or re.search(r"\bU\b|\(I: ", row.words), f"{name}: {line[:60]}"
    open_rows = [
        line
        for line in facts
        if line.startswith(("| U |", "| I |")) or re.search(r": U\b| is U\b|text U\b|\(I: ", line)
    ]
    unknown = [line for line in open_rows if not any(row.words in line for row in ROWS.values())]
    assert not unknown, f"rows of {FACTS.name} that tools/smoke/ does not know: {unknown}"


def main():
    (program,) = sys.argv[1:]
    rows_are_in_the_document()
    asks_first()
    played = readings(program) + other_readings(program)
    moments = ends_early(program)
    refuses_to_begin(program)
    print(f"tools/smoke against the simulator: {played} readings, ended at each of {moments} moments, nothing left")


if __name__ == "__main__":
    main()
