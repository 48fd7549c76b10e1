"""The real binary with parts of AWS that somebody else wrote: moto's DynamoDB, EventBridge Scheduler and EventBridge, on 127.0.0.1.
Bedrock is the simulator's.

    emulator.py STAGE BOOTSTRAP EVENTS
"""

import argparse
import json
import logging
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from moto.dynamodb.models.table import Table
from moto.server import ThreadedMotoServer
from stage import REGION, Stage, client, refused

DEPLOYMENT, TABLE, GROUP, NAME = "throughput", "throughput", "throughput", "support-agent"
BUS, ARCHIVE = "throughput", "everything"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:throughput-scheduler"
ROLE = "arn:aws:iam::123456789012:role/throughput-ticks"
COMMITMENT = {
    "Name": NAME,
    "ModelId": "amazon.nova-lite-v1:0:24k",
    "AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}],
    "Drain": "0m",
}


def with_an_id(describe):
    """moto leaves out the TableId that AWS always gives, and that tells a table from the one it was restored from."""

    def described(table, base_key="TableDescription"):
        description = describe(table, base_key=base_key)
        description[base_key]["TableId"] = str(uuid5(NAMESPACE_URL, f"{table.table_arn} {table.created_at.timestamp()}"))
        return description

    return described


class Parts:
    """The parts that moto plays."""

    def __init__(self, url):
        self.url = url
        self.scheduler = client("scheduler", url)
        self.table = client("dynamodb", url)
        self.events = client("events", url)
        self.scheduler.create_schedule_group(Name=GROUP)
        self.table.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "Key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        bus = self.events.create_event_bus(Name=BUS)["EventBusArn"]
        self.events.create_archive(ArchiveName=ARCHIVE, EventSourceArn=bus)

    def item(self, key):
        """An item of the table; None if there is none."""
        return self.table.get_item(TableName=TABLE, Key={"Key": {"S": key}}, ConsistentRead=True).get("Item")

    def record(self, name):
        return self.item(f"commitment/{name}")

    def told(self):
        """How many events the bus has been told."""
        return self.events.describe_archive(ArchiveName=ARCHIVE)["EventCount"]


def invoked(stage, event):
    answer = stage.say(Invoke=event)
    assert "Report" in answer, answer
    return answer["Report"]


def standing(parts, name):
    """The schedule of a commitment, which is as docs/reference.md says; gives what it delivers."""
    found = parts.scheduler.get_schedule(Name=name, GroupName=GROUP)
    assert found["Name"] == name and found["GroupName"] == GROUP
    assert found["ScheduleExpression"] == "rate(1 minute)", found
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}, found
    target = found["Target"]
    assert (target["Arn"], target["RoleArn"]) == (FUNCTION, ROLE), target
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}, target
    # moto forgets on an update the default of what is not sent; AWS says ENABLED.
    assert found.get("State", "ENABLED") == "ENABLED", found
    event = json.loads(target["Input"])
    assert sorted(event) == ["Action", "Name", "Set"] and event["Name"] == name, event
    return event


def tick(stage, parts, name=NAME):
    """What the schedule holds is delivered, as EventBridge Scheduler would each minute; moto itself never does."""
    return invoked(stage, standing(parts, name))


def held(parts, name=NAME):
    """The ARNs of the throughputs that the record holds."""
    return sorted(parts.record(name)["Progress"]["M"].get("Throughputs", {"M": {}})["M"])


def a_table_that_nobody_has_taken_up(stage, parts):
    """Nothing is registered in it before Adopt."""
    answer = stage.say(Invoke={"Action": "ScaleUp", "Commitment": COMMITMENT})
    assert answer.get("Error") == "NotAllowed", answer
    assert parts.record(NAME) is None
    invoked(stage, {"Action": "Adopt"})
    deployment = parts.item("deployment")
    table = parts.table.describe_table(TableName=TABLE)["Table"]
    assert deployment["Name"]["S"] == DEPLOYMENT and deployment["TableId"]["S"] == table["TableId"], deployment


def a_commitment(stage, parts):
    """ScaleUp, ticks, Override, Resume, ScaleDown, Retire."""
    report = invoked(stage, {"Action": "ScaleUp", "Commitment": COMMITMENT})
    assert report["Desired"]["State"] == "On" and report["Waiting"], report
    declared = parts.record(NAME)["Declared"]["M"]
    assert declared["Hold"]["M"]["State"]["S"] == "On", declared
    assert "Lease" not in parts.record(NAME), "it was given up"
    [bought] = stage.say(Look=True)["Throughputs"]
    assert bought["Status"] == "Creating" and bought["Name"].startswith(f"{NAME}-"), bought
    assert held(parts) == [one["Arn"] for one in report["Throughputs"]]
    assert parts.item("ledger")["Sum"]["N"] == "1"
    assert parts.item("target/agent-alias/ABCDEFGHIJ/KLMNOPQRST")["Commitment"]["S"] == NAME

    stage.say(Advance=36 * 60)
    assert tick(stage, parts)["Settled"]
    assert [stage.say(Look=True)["Route"]] == held(parts)
    before = parts.record(NAME)
    assert tick(stage, parts)["Settled"]
    assert parts.record(NAME) == before, "a steady tick writes nothing"

    override = {"Action": "Override", "Name": NAME, "State": "Off", "For": "2h", "Reason": "referee"}
    assert invoked(stage, override)["Desired"]["State"] == "Off"
    tick(stage, parts)
    seen = stage.say(Look=True)
    assert (seen["Throughputs"], seen["Route"]) == ([], None), seen
    assert parts.item("ledger")["Sum"]["N"] == "0"

    resume = {"Action": "Resume", "Name": NAME, "Of": "Override"}
    assert invoked(stage, resume)["Desired"]["State"] == "On"
    assert "Override" not in parts.record(NAME)["Declared"]["M"]
    stage.say(Advance=36 * 60)
    assert tick(stage, parts)["Settled"]
    assert stage.say(Look=True)["Route"]

    status = invoked(stage, {"Action": "Status"})
    assert [one["Name"] for one in status["Commitments"]] == [NAME] and status["Orphans"] == [], status

    parts.scheduler.delete_schedule(Name=NAME, GroupName=GROUP)
    assert invoked(stage, {"Action": "Repair"})["Repaired"] == [NAME]
    standing(parts, NAME)

    second = dict(COMMITMENT, Name="second")
    answer = stage.say(Invoke={"Action": "Apply", "Commitment": second})
    assert answer.get("Error") == "NotAllowed" and NAME in answer["Message"], answer

    assert invoked(stage, {"Action": "ScaleDown", "Name": NAME})["Desired"]["State"] == "Off"
    tick(stage, parts)
    assert stage.say(Look=True)["Throughputs"] == []

    invoked(stage, {"Action": "Retire", "Name": NAME})
    gone(parts, NAME)
    answer = stage.say(Invoke={"Action": "Status", "Name": NAME})
    assert answer.get("Error") == "UnknownCommitment", answer


def gone(parts, name):
    """Nothing is left of a commitment but a tombstone that goes within a day."""
    missing = parts.scheduler.exceptions.ResourceNotFoundException
    refused(missing, parts.scheduler.get_schedule, Name=name, GroupName=GROUP)
    assert parts.record(name) is None
    assert int(parts.item(f"tombstone/{name}")["Expires"]["N"]) > 0
    assert parts.item("target/agent-alias/ABCDEFGHIJ/KLMNOPQRST") is None
    assert parts.item("ledger")["Sum"]["N"] == "0"


def a_stack(stage, parts, events):
    """A custom resource is created and deleted; a tombstone stays."""
    create, delete = (json.loads((events / f"stack-{verb}.json").read_text()) for verb in ("create", "delete"))
    create["ResourceProperties"]["Drain"] = delete["ResourceProperties"]["Drain"] = "0m"
    [put] = stage.say(Invoke=create)["Puts"]
    assert put["Status"] == "SUCCESS", put
    name = put["PhysicalResourceId"]
    stage.say(Advance=36 * 60)
    assert tick(stage, parts, name)["Settled"]
    delete["RequestId"] = "22222222-2222-4333-8444-555555555555"
    [put] = stage.say(Invoke=delete)["Puts"]
    assert put["Status"] == "SUCCESS", put
    gone(parts, name)
    assert stage.say(Look=True)["Throughputs"] == []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stage")
    parser.add_argument("bootstrap")
    parser.add_argument("events", type=Path)
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    Table.describe = with_an_id(Table.describe)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        parts = Parts(f"http://{host}:{port}")
        services = ("SCHEDULER", "DYNAMODB", "EVENTBRIDGE")
        settings = [f"AWS_ENDPOINT_URL_{service}={parts.url}" for service in services]
        settings += [f"AWS_REGION={REGION}", f"EVENT_BUS={BUS}"]
        with Stage(arguments.stage, arguments.bootstrap, *settings) as stage:
            a_table_that_nobody_has_taken_up(stage, parts)
            a_commitment(stage, parts)
            a_stack(stage, parts, arguments.events)
            broken = stage.say(Look=True)["Broken"]
            assert broken == [], broken
        told = parts.told()
        assert told >= 10, f"{told} events"
    finally:
        server.stop()
    print(
        "moto's DynamoDB, EventBridge Scheduler and EventBridge: the binary took the table up, scaled up, ticked, overrode, "
        f"repaired, scaled down, retired; a stack left its tombstone; {told} events"
    )


if __name__ == "__main__":
    main()
