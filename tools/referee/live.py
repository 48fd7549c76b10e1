"""boto3's clients against the simulator: whole lifecycles, and every error class of every operation that is used.

    live.py STAGE [--clients DIRECTORY]
"""

import argparse
import re
from datetime import datetime

import models
from recordings import operations_of_clients
from stage import Stage, client, refused

MODEL = "amazon.nova-lite-v1:0:24k"
AGENT, ALIAS = "ABCDEFGHIJ", "KLMNOPQRST"
MARKS = "throughput-scheduler:commitment", "throughput-scheduler:deployment"
GROUP = TABLE = "throughput"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:throughput-scheduler"
ROLE = "arn:aws:iam::123456789012:role/throughput-ticks"


def purchase(number, units=1):
    marks = {MARKS[0]: f"live-{number}", MARKS[1]: GROUP}
    return {
        "provisionedModelName": f"live-{number}",
        "modelId": MODEL,
        "modelUnits": units,
        "clientRequestToken": f"token-{number}",
        "tags": [{"key": key, "value": value} for key, value in marks.items()],
    }


def throughputs(stage, bedrock):
    """Buys, looks, lists, tags and deletes; leaves one throughput in service and gives its ARN."""
    errors = bedrock.exceptions
    arns = [bedrock.create_provisioned_model_throughput(**purchase(n))["provisionedModelArn"] for n in range(12)]
    assert len(set(arns)) == 12
    again = bedrock.create_provisioned_model_throughput(**purchase(3))
    assert again["provisionedModelArn"] == arns[3], "a token that was seen buys nothing"
    found = bedrock.get_provisioned_model_throughput(provisionedModelId=arns[0])
    assert (found["status"], found["modelUnits"], found["desiredModelUnits"]) == ("Creating", 0, 1), found
    assert isinstance(found["creationTime"], datetime) and found["creationTime"].tzinfo
    assert found["foundationModelArn"].endswith("amazon.nova-lite-v1:0")
    taken = {**purchase(0), "clientRequestToken": "another"}
    refused(errors.ValidationException, bedrock.create_provisioned_model_throughput, **taken)
    refused(errors.ServiceQuotaExceededException, bedrock.create_provisioned_model_throughput, **purchase(99, 20))
    refused(errors.ConflictException, bedrock.delete_provisioned_model_throughput, provisionedModelId=arns[0])
    pages = list(bedrock.get_paginator("list_provisioned_model_throughputs").paginate(nameContains="live-"))
    assert [len(page["provisionedModelSummaries"]) for page in pages] == [10, 2]
    assert {one["provisionedModelArn"] for page in pages for one in page["provisionedModelSummaries"]} == set(arns)
    stage.say(Advance=36 * 60)
    found = bedrock.get_provisioned_model_throughput(provisionedModelId="live-0")
    assert (found["status"], found["modelUnits"]) == ("InService", 1), found
    bedrock.tag_resource(resourceARN=arns[0], tags=[{"key": "team", "value": "support"}])
    tags = {tag["key"]: tag["value"] for tag in bedrock.list_tags_for_resource(resourceARN=arns[0])["tags"]}
    assert tags == {MARKS[0]: "live-0", MARKS[1]: GROUP, "team": "support"}, tags
    bedrock.untag_resource(resourceARN=arns[0], tagKeys=["team"])
    assert len(bedrock.list_tags_for_resource(resourceARN=arns[0])["tags"]) == 2
    for arn in arns[1:]:
        bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
        refused(errors.ResourceNotFoundException, bedrock.get_provisioned_model_throughput, provisionedModelId=arn)
        refused(errors.ResourceNotFoundException, bedrock.delete_provisioned_model_throughput, provisionedModelId=arn)
    details = bedrock.get_foundation_model(modelIdentifier=MODEL)["modelDetails"]
    assert details["modelLifecycle"]["status"] == "ACTIVE"
    refused(errors.ResourceNotFoundException, bedrock.get_foundation_model, modelIdentifier="nobody.knows-this")
    return arns[0]


def aliases(agents, arn):
    """Routes the alias to a throughput and back."""
    errors = agents.exceptions
    where = {"agentId": AGENT, "agentAliasId": ALIAS}
    alias = agents.get_agent_alias(**where)["agentAlias"]
    assert alias["agentAliasStatus"] == "PREPARED"
    assert isinstance(alias["updatedAt"], datetime)
    version = alias["routingConfiguration"][0]["agentVersion"]
    kept = {key: alias[key] for key in ("agentAliasName", "description", "aliasInvocationState")}
    routed = [{"agentVersion": version, "provisionedThroughput": arn}]
    answer = agents.update_agent_alias(**where, **kept, routingConfiguration=routed)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["agentAlias"]["agentAliasStatus"] == "UPDATING"
    assert agents.get_agent_alias(**where)["agentAlias"]["routingConfiguration"] == routed
    agents.update_agent_alias(**where, **kept, routingConfiguration=[{"agentVersion": version}])
    assert agents.get_agent_alias(**where)["agentAlias"]["routingConfiguration"] == [{"agentVersion": version}]
    model = agents.get_agent_version(agentId=AGENT, agentVersion=version)["agentVersion"]["foundationModel"]
    assert MODEL.startswith(model)
    refused(errors.ResourceNotFoundException, agents.get_agent_alias, agentId=AGENT, agentAliasId="NOBODYKNOW")
    refused(errors.ResourceNotFoundException, agents.get_agent_version, agentId=AGENT, agentVersion="99")


def schedules(scheduler):
    """Creates, reads, lists, overwrites and deletes schedules."""
    errors = scheduler.exceptions
    schedule = {
        "GroupName": GROUP,
        "ScheduleExpression": "rate(1 minute)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": FUNCTION,
            "RoleArn": ROLE,
            "Input": '{"Tick": {}}',
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        },
    }
    for n in range(11):
        arn = scheduler.create_schedule(Name=f"live-{n}", **schedule)["ScheduleArn"]
        assert arn.endswith(f":schedule/{GROUP}/live-{n}"), arn
    refused(errors.ConflictException, scheduler.create_schedule, Name="live-0", **schedule)
    found = scheduler.get_schedule(Name="live-0", GroupName=GROUP)
    assert {key: found[key] for key in schedule} == schedule, found
    assert isinstance(found["CreationDate"], datetime)
    pages = list(scheduler.get_paginator("list_schedules").paginate(GroupName=GROUP))
    assert [len(page["Schedules"]) for page in pages] == [10, 1]
    once = {**schedule, "ScheduleExpression": "at(2100-01-01T00:00:00)", "ActionAfterCompletion": "DELETE"}
    scheduler.update_schedule(Name="live-0", **once)
    assert scheduler.get_schedule(Name="live-0", GroupName=GROUP)["ActionAfterCompletion"] == "DELETE"
    scheduler.update_schedule(Name="live-0", **schedule)
    assert "ActionAfterCompletion" not in scheduler.get_schedule(Name="live-0", GroupName=GROUP), "all is overwritten"
    nobody = {"Name": "nobody", "GroupName": GROUP}
    refused(errors.ResourceNotFoundException, scheduler.get_schedule, **nobody)
    refused(errors.ResourceNotFoundException, scheduler.delete_schedule, **nobody)
    refused(errors.ResourceNotFoundException, scheduler.update_schedule, **{**schedule, "Name": "nobody"})
    refused(errors.ResourceNotFoundException, scheduler.list_schedules, GroupName="nowhere")
    for n in range(11):
        scheduler.delete_schedule(Name=f"live-{n}", GroupName=GROUP)
    assert scheduler.list_schedules(GroupName=GROUP)["Schedules"] == []


def parameters(ssm):
    """Writes, reads and overwrites a parameter."""
    errors = ssm.exceptions
    name = "/live/model-id"
    refused(errors.ParameterNotFound, ssm.get_parameter, Name=name)
    assert ssm.put_parameter(Name=name, Value="off", Type="String")["Version"] == 1
    refused(errors.ParameterAlreadyExists, ssm.put_parameter, Name=name, Value="on", Type="String")
    assert ssm.put_parameter(Name=name, Value="on", Type="String", Overwrite=True)["Version"] == 2
    found = ssm.get_parameter(Name=name)["Parameter"]
    assert (found["Name"], found["Value"], found["Type"], found["Version"]) == (name, "on", "String", 2), found
    assert isinstance(found["LastModifiedDate"], datetime)


def tables(dynamodb):
    """Writes, reads, changes on conditions, and goes through pages."""
    errors = dynamodb.exceptions
    one = {"Key": {"S": "live/one"}}
    absent = {"ConditionExpression": "attribute_not_exists(#k)", "ExpressionAttributeNames": {"#k": "Key"}}
    record = {"M": {"List": {"L": [{"BOOL": True}]}}}
    item = {**one, "Units": {"N": "2"}, "Names": {"SS": ["a", "b"]}, "Record": record}
    dynamodb.put_item(TableName=TABLE, Item=item, **absent)
    assert dynamodb.get_item(TableName=TABLE, Key=one, ConsistentRead=True)["Item"] == item
    shown = {**absent, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    error = refused(errors.ConditionalCheckFailedException, dynamodb.put_item, TableName=TABLE, Item=item, **shown)
    assert error.response["Item"] == item, error.response
    update = {"UpdateExpression": "ADD Units :n", "ExpressionAttributeValues": {":n": {"N": "3"}}}
    found = dynamodb.update_item(TableName=TABLE, Key=one, ReturnValues="UPDATED_NEW", **update)
    assert found["Attributes"] == {"Units": {"N": "5"}}, found
    more = [{"Put": {"TableName": TABLE, "Item": {"Key": {"S": f"live/more-{n:02}"}}}} for n in range(11)]
    dynamodb.transact_write_items(TransactItems=more, ClientRequestToken="live")
    other = {"TransactItems": more[1:], "ClientRequestToken": "live"}
    refused(errors.IdempotentParameterMismatchException, dynamodb.transact_write_items, **other)
    check = {"ConditionCheck": {"TableName": TABLE, "Key": one, **shown}}
    error = refused(errors.TransactionCanceledException, dynamodb.transact_write_items, TransactItems=[more[0], check])
    reasons = error.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"], reasons
    assert reasons[1]["Item"]["Units"] == {"N": "5"}, reasons
    pages = list(dynamodb.get_paginator("scan").paginate(TableName=TABLE))
    # The item "deployment" is one of them.
    assert [page["ScannedCount"] for page in pages] == [10, 3], pages
    wanted = {"KeyConditionExpression": "#k = :k", "ExpressionAttributeNames": {"#k": "Key"}}
    found = dynamodb.query(TableName=TABLE, ExpressionAttributeValues={":k": one["Key"]}, **wanted)
    assert found["Count"] == 1 and found["Items"][0]["Units"] == {"N": "5"}, found
    table = dynamodb.describe_table(TableName=TABLE)["Table"]
    assert (table["TableStatus"], table["ItemCount"]) == ("ACTIVE", 13), table
    assert isinstance(table["CreationDateTime"], datetime)
    refused(errors.ResourceNotFoundException, dynamodb.get_item, TableName="nowhere", Key=one)
    for page in pages:
        for found in page["Items"]:
            dynamodb.delete_item(TableName=TABLE, Key={"Key": found["Key"]})
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


def catalogue(bedrock, agents, arn):
    """What a first look at an account asks for, and a new name for a throughput."""
    sold = bedrock.list_foundation_models(byInferenceType="PROVISIONED")["modelSummaries"]
    assert MODEL in [one["modelId"] for one in sold], sold
    assert all(one["inferenceTypesSupported"] == ["PROVISIONED"] for one in sold), sold
    assert AGENT in [one["agentId"] for one in agents.list_agents()["agentSummaries"]]
    found = agents.list_agent_aliases(agentId=AGENT)["agentAliasSummaries"]
    assert [one["agentAliasId"] for one in found] == [ALIAS], found
    bedrock.update_provisioned_model_throughput(provisionedModelId=arn, desiredProvisionedModelName="renamed")
    assert bedrock.get_provisioned_model_throughput(provisionedModelId="renamed")["provisionedModelArn"] == arn


def buses(events):
    """Events of which one fails while the answer is a success."""
    event = {"Source": "throughput-scheduler", "DetailType": "Throughput Commitment Changed", "Detail": "{}"}
    answer = events.put_events(Entries=[event, {**event, "Detail": "no object"}])
    assert answer["FailedEntryCount"] == 1 and answer["Entries"][0]["EventId"], answer
    assert answer["Entries"][1]["ErrorCode"] == "MalformedDetail", answer
    assert events.describe_event_bus(Name="default")["Arn"].endswith(":event-bus/default")
    refused(events.exceptions.ResourceNotFoundException, events.describe_event_bus, Name="nowhere")


def quotas(service_quotas):
    """What Amazon Bedrock grants."""
    found = service_quotas.list_service_quotas(ServiceCode="bedrock")["Quotas"]
    assert {one["QuotaName"]: one["Value"] for one in found if "model units" in one["QuotaName"].lower()} == {
        f"Model units no-commitment Provisioned Throughputs across {kind} models": 20.0 for kind in ("base", "custom")
    }, found
    nowhere = {"ServiceCode": "nowhere"}
    refused(service_quotas.exceptions.NoSuchResourceException, service_quotas.list_service_quotas, **nowhere)


# A call of each operation that is well-formed; it is refused before it is looked at.
ARN = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/0123456789ab"
SCHEDULE = {
    "Name": "live",
    "ScheduleExpression": "rate(1 minute)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": FUNCTION, "RoleArn": ROLE},
}
ITEM = {"TableName": TABLE, "Key": {"Key": {"S": "live"}}}
CALLS = {
    "CreateProvisionedModelThroughput": purchase(1),
    "ListProvisionedModelThroughputs": {},
    "GetProvisionedModelThroughput": {"provisionedModelId": ARN},
    "DeleteProvisionedModelThroughput": {"provisionedModelId": ARN},
    "ListTagsForResource": {"resourceARN": ARN},
    "TagResource": {"resourceARN": ARN, "tags": []},
    "UntagResource": {"resourceARN": ARN, "tagKeys": []},
    "GetFoundationModel": {"modelIdentifier": MODEL},
    "GetCustomModel": {"modelIdentifier": "custom"},
    "GetAgentAlias": {"agentId": AGENT, "agentAliasId": ALIAS},
    "UpdateAgentAlias": {"agentId": AGENT, "agentAliasId": ALIAS, "agentAliasName": "alias"},
    "GetAgentVersion": {"agentId": AGENT, "agentVersion": "3"},
    "CreateSchedule": SCHEDULE,
    "UpdateSchedule": SCHEDULE,
    "GetSchedule": {"Name": "live"},
    "DeleteSchedule": {"Name": "live"},
    "ListSchedules": {},
    "GetParameter": {"Name": "/live"},
    "PutParameter": {"Name": "/live", "Value": "off"},
    "GetItem": ITEM,
    "PutItem": {"TableName": TABLE, "Item": {"Key": {"S": "live"}}},
    "UpdateItem": ITEM,
    "DeleteItem": ITEM,
    "TransactWriteItems": {"TransactItems": [{"Delete": ITEM}]},
    "Query": {"TableName": TABLE},
    "Scan": {"TableName": TABLE},
    "DescribeTable": {"TableName": TABLE},
    "UpdateProvisionedModelThroughput": {"provisionedModelId": ARN},
    "ListFoundationModels": {},
    "ListAgents": {},
    "ListAgentAliases": {"agentId": AGENT},
    "GetScheduleGroup": {"Name": GROUP},
    "PutEvents": {"Entries": [{"Detail": "{}"}]},
    "DescribeEventBus": {"Name": "default"},
    "ListServiceQuotas": {"ServiceCode": "bedrock"},
}


def error_classes(stage, clients, operations):
    """Each error that an operation declares reaches boto3's caller as the class of that name."""
    caught = 0
    for service, name in sorted(operations):
        operation = models.service_model(service).operation_model(name)
        call = getattr(clients[service], re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
        for shape in operation.error_shapes:
            status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
            stage.say(Fault={"Operation": name, "Status": status, "Code": shape.error_code})
            error = refused(getattr(clients[service].exceptions, shape.name), call, **CALLS[name])
            assert error.response["Error"]["Message"] == "as it was ordered"
            caught += 1
    return caught


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stage")
    parser.add_argument("--clients", default="src")
    arguments = parser.parse_args()
    operations = operations_of_clients(arguments.clients)
    with Stage(arguments.stage) as stage:
        clients = {service: client(service, stage.url) for service in {service for service, _ in operations}}
        arn = throughputs(stage, clients["bedrock"])
        aliases(clients["bedrock-agent"], arn)
        catalogue(clients["bedrock"], clients["bedrock-agent"], arn)
        clients["bedrock"].delete_provisioned_model_throughput(provisionedModelId=arn)
        schedules(clients["scheduler"])
        if "ssm" in clients:
            parameters(clients["ssm"])
        if "dynamodb" in clients:
            tables(clients["dynamodb"])
        if "events" in clients:
            buses(clients["events"])
        quotas(clients["service-quotas"])
        caught = error_classes(stage, clients, operations)
        broken = stage.say(Look=True)["Broken"]
        assert broken == [], broken
    print(f"boto3 against the simulator: lifecycles of {len(clients)} services, {caught} errors caught by their class")


if __name__ == "__main__":
    main()
