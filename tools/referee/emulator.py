"""The real binary with somebody else's EventBridge Scheduler: moto's, on 127.0.0.1. Bedrock is the simulator's.

    emulator.py STAGE BOOTSTRAP EVENTS
"""

import argparse
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from moto.server import ThreadedMotoServer
from stage import REGION, Stage, client, refused

GROUP, NAME = "throughput", "support-agent"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:throughput-scheduler"
ROLE = "arn:aws:iam::123456789012:role/throughput-ticks"
COMMITMENT = {
    "Name": NAME,
    "ModelId": "amazon.nova-lite-v1:0:24k",
    "AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}],
    "Drain": "0m",
}


def invoked(stage, event):
    answer = stage.say(Invoke=event)
    assert "Report" in answer, answer
    return answer["Report"]


def standing(scheduler, name, expression="rate(1 minute)"):
    """The schedule of a commitment, which is as section 6 of the interface says; gives what it delivers."""
    found = scheduler.get_schedule(Name=name, GroupName=GROUP)
    assert found["Name"] == name and found["GroupName"] == GROUP
    assert expression == found["ScheduleExpression"], found
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}, found
    target = found["Target"]
    assert (target["Arn"], target["RoleArn"]) == (FUNCTION, ROLE), target
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}, target
    # moto forgets on an update the default of what is not sent; AWS says ENABLED.
    assert found.get("State", "ENABLED") == "ENABLED", found
    return json.loads(target["Input"])


def tick(stage, scheduler):
    """What the schedule holds is delivered, as EventBridge Scheduler would each minute; moto itself never does."""
    return invoked(stage, standing(scheduler, NAME))


def a_commitment(stage, scheduler):
    """ScaleUp, ticks, Override, ScaleDown, Retire."""
    report = invoked(stage, {"Action": "ScaleUp", "Commitment": COMMITMENT})
    assert report["Desired"]["State"] == "On" and report["Waiting"], report
    record = standing(scheduler, NAME)["Tick"]
    assert record["Commitment"]["ModelId"] == COMMITMENT["ModelId"] and record["Hold"]["State"] == "On", record
    [bought] = stage.say(Look=True)["Throughputs"]
    assert bought["Status"] == "Creating" and bought["Name"].startswith(f"{NAME}-"), bought
    assert [one["Arn"] for one in record["Throughputs"]] == [one["Arn"] for one in report["Throughputs"]]

    stage.say(Advance=36 * 60)
    assert tick(stage, scheduler)["Settled"]
    assert stage.say(Look=True)["Route"] == record["Throughputs"][0]["Arn"]
    before = scheduler.get_schedule(Name=NAME, GroupName=GROUP)
    assert tick(stage, scheduler)["Settled"]
    after = scheduler.get_schedule(Name=NAME, GroupName=GROUP)
    assert before["LastModificationDate"] == after["LastModificationDate"], "a steady tick writes nothing"

    override = {"Action": "Override", "Name": NAME, "State": "Off", "For": "2h", "Reason": "referee"}
    assert invoked(stage, override)["Desired"]["State"] == "Off"
    record = standing(scheduler, NAME)["Tick"]
    assert (record["Override"]["State"], record["Override"]["Reason"]) == ("Off", "referee"), record
    tick(stage, scheduler)
    seen = stage.say(Look=True)
    assert (seen["Throughputs"], seen["Route"]) == ([], None), seen

    assert invoked(stage, {"Action": "Resume", "Name": NAME})["Desired"]["State"] == "On"
    assert "Override" not in standing(scheduler, NAME)["Tick"]
    stage.say(Advance=36 * 60)
    assert tick(stage, scheduler)["Settled"]
    assert stage.say(Look=True)["Route"]

    status = invoked(stage, {"Action": "Status"})
    assert [one["Name"] for one in status["Commitments"]] == [NAME] and status["Orphans"] == [], status

    assert invoked(stage, {"Action": "ScaleDown", "Name": NAME})["Desired"]["State"] == "Off"
    assert standing(scheduler, NAME)["Tick"]["Hold"]["State"] == "Off"
    tick(stage, scheduler)
    assert stage.say(Look=True)["Throughputs"] == []

    invoked(stage, {"Action": "Retire", "Name": NAME})
    refused(scheduler.exceptions.ResourceNotFoundException, scheduler.get_schedule, Name=NAME, GroupName=GROUP)
    answer = stage.say(Invoke={"Action": "Status", "Name": NAME})
    assert answer.get("Error") == "UnknownCommitment", answer


def a_stack(stage, scheduler, events):
    """A custom resource is created and deleted; a tombstone stays."""
    create, delete = (json.loads((events / f"stack-{verb}.json").read_text()) for verb in ("create", "delete"))
    create["ResourceProperties"]["Drain"] = delete["ResourceProperties"]["Drain"] = "0m"
    [put] = stage.say(Invoke=create)["Puts"]
    assert put["Status"] == "SUCCESS", put
    name = put["PhysicalResourceId"]
    assert standing(scheduler, name)["Tick"]["Commitment"]["Name"] == name
    stage.say(Advance=36 * 60)
    assert stage.say(Invoke=standing(scheduler, name))["Report"]["Settled"]
    delete["RequestId"] = "22222222-2222-4333-8444-555555555555"
    entombed(stage, scheduler, delete)
    # moto takes over ActionAfterCompletion from a create and not from an update: of a stack that was never there a tombstone
    # is created.
    delete |= {"RequestId": "33333333-2222-4333-8444-555555555555", "LogicalResourceId": "Unheard"}
    name = entombed(stage, scheduler, delete)
    assert scheduler.get_schedule(Name=name, GroupName=GROUP)["ActionAfterCompletion"] == "DELETE"


def entombed(stage, scheduler, delete):
    """A Delete succeeds and leaves nothing but a schedule that fires once, two hours later; gives its name."""
    began = datetime.now(UTC)
    answer = stage.say(Invoke=delete)
    [put] = answer["Puts"]
    assert put["Status"] == "SUCCESS", answer
    name = put["PhysicalResourceId"]
    expression = scheduler.get_schedule(Name=name, GroupName=GROUP)["ScheduleExpression"]
    assert "Tombstone" in standing(scheduler, name, expression)
    at = datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
    assert timedelta(hours=1, minutes=59) < at - began < timedelta(hours=2, minutes=1), expression
    assert stage.say(Look=True)["Throughputs"] == []
    return name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stage")
    parser.add_argument("bootstrap")
    parser.add_argument("events", type=Path)
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        scheduler = client("scheduler", url)
        scheduler.create_schedule_group(Name=GROUP)
        with Stage(arguments.stage, arguments.bootstrap, f"AWS_ENDPOINT_URL_SCHEDULER={url}", f"AWS_REGION={REGION}") as stage:
            a_commitment(stage, scheduler)
            a_stack(stage, scheduler, arguments.events)
            broken = stage.say(Look=True)["Broken"]
            assert broken == [], broken
    finally:
        server.stop()
    print("moto's EventBridge Scheduler: the binary scaled up, ticked, overrode, scaled down, retired; a stack left its tombstone")


if __name__ == "__main__":
    main()
