"""The same steady tick as most people would write it: list, get aliases, decide, act. `make bench` measures against it.

Plain boto3 under the runtime client that Lambda's own Python image has. It has none of the promises that the function keeps: no
record, no drain, no marks, no fit of models. It is here for what it costs, not for use.
"""

import boto3

bedrock = boto3.client("bedrock")
agents = boto3.client("bedrock-agent")


def handler(event, _context):
    """Brings one commitment from what is to what should be.

    `event`: `Name`, `ModelId`, `ModelUnits` (0 for off) and `AgentAliases` (`AgentId`, `AgentAliasId` each).
    """
    listed = bedrock.list_provisioned_model_throughputs(nameContains=event["Name"])
    ours = [one for one in listed["provisionedModelSummaries"] if one["provisionedModelName"] == event["Name"]]
    aliases = [
        agents.get_agent_alias(agentId=alias["AgentId"], agentAliasId=alias["AgentAliasId"])["agentAlias"]
        for alias in event["AgentAliases"]
    ]
    wanted = event["ModelUnits"] > 0
    done = []
    if wanted and not ours:
        bedrock.create_provisioned_model_throughput(
            provisionedModelName=event["Name"], modelId=event["ModelId"], modelUnits=event["ModelUnits"]
        )
        done.append("bought")
    target = ours[0]["provisionedModelArn"] if wanted and ours and ours[0]["status"] == "InService" else None
    for alias in aliases:
        route = alias["routingConfiguration"][0]
        if route.get("provisionedThroughput") != target:
            routing = {"agentVersion": route["agentVersion"]}
            if target:
                routing["provisionedThroughput"] = target
            agents.update_agent_alias(
                agentId=alias["agentId"],
                agentAliasId=alias["agentAliasId"],
                agentAliasName=alias["agentAliasName"],
                routingConfiguration=[routing],
            )
            done.append(f"routed {alias['agentAliasId']}")
    if not wanted and ours:
        bedrock.delete_provisioned_model_throughput(provisionedModelId=ours[0]["provisionedModelArn"])
        done.append("deleted")
    return {"Name": event["Name"], "Done": done}
