"""One purchase, from beginning to end, and nothing left of it.

Everything that costs or changes something is here. `Trial.run` cleans up whatever happens: an error of AWS, an
exception, Ctrl-C.
"""

import contextlib
import re
from datetime import UTC, datetime
from time import sleep

from botocore.exceptions import BotoCoreError, ClientError

# How long a read is watched for, and for how long it has to stay the same; in seconds.
WATCHED, STEADY = 60, 8
# For how long something that AWS does not find may still appear.
LATE = 120
SMOKE_TAG = "throughput-scheduler:smoke"


class Impossible(Exception):
    """The trial cannot begin, or cannot go on; the text says why."""


class Clock:
    """The time, which a test turns instead of waiting."""

    def now(self):
        return datetime.now(UTC)

    def sleep(self, seconds):
        sleep(seconds)


def said(error):
    """Code and text of a refusal."""
    return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"


def is_not_there(error):
    return error.response["Error"]["Code"] == "ResourceNotFoundException"


def bare(model):
    """A model as two are compared: the id, without a context length (docs/aws-facts.md)."""
    model = model.rsplit(":foundation-model/", 1)[-1]
    return model if model.startswith("arn:") else re.sub(r":(\d+k|\d{3,})$", "", model)


class Trial:
    """`alias` is (agent id, alias id), or nothing. `name` begins the names of what is bought, and of nothing else."""

    def __init__(
        self, bedrock, agents, findings, model, name, alias=None, clock=None, say=print, poll=20, patience=5400
    ):
        self.bedrock, self.agents, self.findings = bedrock, agents, findings
        self.model, self.name, self.alias = model, name, alias
        self.clock, self.say, self.poll, self.patience = clock or Clock(), say, poll, patience
        # ARNs; those whose deletion AWS has acknowledged; names whose purchase had no clear answer.
        self.bought, self.deleted, self.unclear = [], set(), set()
        self.before = None
        # Commands for what could not be cleaned up: none, if all is well.
        self.left = []

    def run(self):
        """Plays everything, and cleans up."""
        self.look_before()
        try:
            self.play()
        finally:
            self.left = self.clean_up()

    def look_before(self):
        """Raises `Impossible` before anything was bought."""
        if ":custom-model/" not in self.model:
            sold = self.bedrock.list_foundation_models(byInferenceType="PROVISIONED")["modelSummaries"]
            if self.model not in [one["modelId"] for one in sold]:
                alike = [one["modelId"] for one in sold if bare(one["modelId"]) == bare(self.model)]
                raise Impossible(f"{self.model} is not sold here; {', '.join(alike) or 'no context length of it'} is")
        if self.ours():
            raise Impossible(f"there are throughputs called {self.name}… already")
        if self.alias:
            self.before = self.look_at_alias()
            route = self.before["routingConfiguration"][0]
            if self.before["agentAliasStatus"] != "PREPARED" or not route.get("agentVersion", "").isdigit():
                raise Impossible("the alias has to be PREPARED and to point at a numbered version")
            if "provisionedThroughput" in route:
                raise Impossible("the alias is on a throughput already: name one that nobody needs")

    def play(self):
        request = self.request("first")
        arn = self.buy(request)
        self.watch(
            "after a purchase",
            {
                "Get": lambda: self.get(arn) is not None,
                "List": lambda: arn in self.ours(),
                "tags": lambda: SMOKE_TAG in self.tags(arn),
            },
        )
        self.buy_under_the_same_name(request, arn)
        if self.alias:
            self.route_before_service(arn)
        if self.delete_early(arn):
            arn = self.use_token_again(request, arn) or self.buy(self.request("second"))
            request = None
        if not self.wait_for_service(arn):
            return
        self.change_a_tag(arn)
        if self.alias:
            self.route_there_and_back(arn)
        self.delete(arn)
        self.watch_it_go(arn)
        if request:
            self.use_token_again(request, arn)

    # Reading

    def ours(self):
        pages = self.bedrock.get_paginator("list_provisioned_model_throughputs").paginate(nameContains=self.name)
        return [one["provisionedModelArn"] for page in pages for one in page["provisionedModelSummaries"]]

    def get(self, arn):
        try:
            return self.bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
        except ClientError as error:
            if is_not_there(error):
                return None
            raise

    def tags(self, arn):
        try:
            return {tag["key"]: tag["value"] for tag in self.bedrock.list_tags_for_resource(resourceARN=arn)["tags"]}
        except ClientError as error:
            if is_not_there(error):
                return {}
            raise

    def look_at_alias(self):
        agent, alias = self.alias
        return self.agents.get_agent_alias(agentId=agent, agentAliasId=alias)["agentAlias"]

    def watch(self, when, reads):
        """Reads each second until all have shown what is expected for a while."""
        begun = self.clock.now()
        first, shown, turns, steady = {}, {}, dict.fromkeys(reads, 0), 0
        while True:
            passed = (self.clock.now() - begun).total_seconds()
            for name, read in reads.items():
                now = read()
                turns[name] += int(shown.get(name, False) and not now)
                shown[name] = now
                if now:
                    first.setdefault(name, passed)
            steady = steady + 1 if all(shown.values()) else 0
            if steady >= STEADY or passed >= WATCHED:
                break
            self.clock.sleep(1)
        times = [f"{name} {first[name]:.0f} s" if name in first else f"{name} more than {WATCHED} s" for name in reads]
        back = [f"{name} went back {count} times" for name, count in turns.items() if count]
        self.findings.settle("lag", f"{when}: {', '.join(times)}{'; ' if back else ''}{', '.join(back)}")

    # Buying and deleting

    def request(self, which):
        name = f"{self.name}-{which}"
        tags = [{"key": SMOKE_TAG, "value": self.name}]
        return {
            "provisionedModelName": name,
            "modelId": self.model,
            "modelUnits": 1,
            "clientRequestToken": name,
            "tags": tags,
        }

    def buy(self, request):
        name = request["provisionedModelName"]
        self.unclear.add(name)
        try:
            arn = self.bedrock.create_provisioned_model_throughput(**request)["provisionedModelArn"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                self.unclear.discard(name)
            raise
        self.unclear.discard(name)
        self.say(f"bought {name}: {arn}")
        if arn not in self.bought:
            self.bought.append(arn)
        return arn

    def buy_under_the_same_name(self, request, arn):
        try:
            other = self.buy({**request, "clientRequestToken": f"{self.name}-other"})
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ServiceQuotaExceededException", "ThrottlingException"):
                self.findings.note("name", f"the quota or a rate refused it first: {said(error)}")
            else:
                self.findings.settle("name", f"refused: {said(error)}")
            return
        self.findings.settle(
            "name", "the first one was given again" if other == arn else "accepted: there are two of one name"
        )

    def delete_early(self, arn):
        """Returns true if it is gone."""
        found = self.get(arn)
        if found is None or found["status"] != "Creating":
            self.findings.note("early", f"it was {found and found['status']} when it was to be tried")
            return False
        try:
            self.delete(arn)
        except ClientError as error:
            self.findings.settle("early", f"refused: {said(error)}")
            return False
        self.findings.settle("early", "accepted")
        self.watch_it_go(arn)
        return True

    def delete(self, arn):
        self.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
        self.deleted.add(arn)
        self.say(f"deleted {arn}")

    def watch_it_go(self, arn):
        self.watch("after a deletion", {"Get": lambda: self.get(arn) is None, "List": lambda: arn not in self.ours()})

    def use_token_again(self, request, arn):
        """Returns the ARN of what the token bought anew, if it did."""
        try:
            other = self.buy(request)
        except ClientError as error:
            self.findings.settle("token", f"refused: {said(error)}")
            return None
        if other != arn:
            self.findings.settle("token", "it bought anew")
            return other
        self.clock.sleep(STEADY)
        back = self.get(arn) is not None
        if back:
            self.deleted.discard(arn)
        self.findings.settle("token", f"it gave the old ARN, and {'brought it back' if back else 'bought nothing'}")
        return arn if back else None

    def wait_for_service(self, arn):
        begun = self.clock.now()
        while True:
            found = self.get(arn)
            passed = (self.clock.now() - begun).total_seconds()
            if found and found["status"] not in ("Creating", "Updating"):
                self.say(
                    f"{found['status']} after {passed / 60:.0f} minutes {found.get('failureMessage', '')}".rstrip()
                )
                return found["status"] == "InService"
            if passed >= self.patience:
                raise Impossible(f"not in service after {passed / 60:.0f} minutes")
            self.say(f"{found['status'] if found else 'not shown'} after {passed / 60:.0f} minutes")
            self.clock.sleep(self.poll)

    def change_a_tag(self, arn):
        self.bedrock.tag_resource(resourceARN=arn, tags=[{"key": f"{SMOKE_TAG}-changed", "value": "yes"}])
        self.watch("after a change of tags", {"tags": lambda: f"{SMOKE_TAG}-changed" in self.tags(arn)})

    # The alias

    def point_alias(self, routing):
        agent, alias = self.alias
        kept = {
            key: self.before[key]
            for key in ("agentAliasName", "description", "aliasInvocationState")
            if key in self.before
        }
        self.agents.update_agent_alias(agentId=agent, agentAliasId=alias, routingConfiguration=routing, **kept)

    def settled_alias(self):
        """The alias once it is neither `UPDATING` nor `CREATING`."""
        begun = self.clock.now()
        while True:
            found = self.look_at_alias()
            if found["agentAliasStatus"] not in ("UPDATING", "CREATING"):
                return found
            if (self.clock.now() - begun).total_seconds() > 300:
                raise Impossible("the alias has been UPDATING for five minutes")
            self.clock.sleep(2)

    def version(self):
        return self.before["routingConfiguration"][0]["agentVersion"]

    def route_before_service(self, arn):
        try:
            self.point_alias([{"agentVersion": self.version(), "provisionedThroughput": arn}])
        except ClientError as error:
            self.findings.settle("unready", f"while it is Creating: refused: {said(error)}")
            return
        found = self.settled_alias()
        reasons = f": {', '.join(found['failureReasons'])}" if found.get("failureReasons") else ""
        self.findings.settle("unready", f"while it is Creating: accepted, then {found['agentAliasStatus']}{reasons}")
        self.point_alias([{"agentVersion": self.version()}])
        self.settled_alias()

    def route_there_and_back(self, arn):
        agent, _ = self.alias
        throughput = self.get(arn)
        model = self.agents.get_agent_version(agentId=agent, agentVersion=self.version())["agentVersion"][
            "foundationModel"
        ]
        fits = bare(model) in (bare(throughput["modelArn"]), bare(throughput["foundationModelArn"]))
        rule = f"the version's model is {model}, so the rule says that it {'fits' if fits else 'does not fit'}"
        try:
            self.point_alias([{"agentVersion": self.version(), "provisionedThroughput": arn}])
            found = self.settled_alias()
        except ClientError as error:
            self.findings.settle("fit", f"{rule}; refused: {said(error)}")
            return
        reasons = f": {', '.join(found['failureReasons'])}" if found.get("failureReasons") else ""
        self.findings.settle("fit", f"{rule}; {found['agentAliasStatus']}{reasons}")
        self.point_alias([{"agentVersion": self.version()}])
        after = self.settled_alias()["routingConfiguration"]
        taken_off = after == [{"agentVersion": self.version()}]
        self.findings.settle("back", "it does, and the version stays" if taken_off else f"it does not: {after}")

    # Cleaning up

    def clean_up(self):
        """Puts the alias back and deletes all; a second Ctrl-C ends it. Gives commands for what is left."""
        for interrupted in (False, True):
            try:
                return self.undo_everything()
            except KeyboardInterrupt:
                if interrupted:
                    break
                self.say("cleaning up, as what is left costs money; Ctrl-C once more gives up")
        return self.commands(self.bought)

    def undo_everything(self):
        begun = self.clock.now()
        while True:
            passed = (self.clock.now() - begun).total_seconds()
            left = self.undo(may_appear=passed < LATE)
            if not left:
                self.say("nothing is left")
                return []
            if passed >= self.patience:
                return self.commands(left)
            self.say(f"still there: {', '.join(left)}")
            self.clock.sleep(self.poll)

    def undo(self, may_appear):
        """One try. Gives what is still there, or may be; what is not found may be late, as long as it `may_appear`."""
        if self.before and not self.alias_is_back():
            # Nothing is deleted under an alias.
            return ["the alias's route", *self.bought]
        # What was bought although its answer was lost is found by its name.
        left = sorted(self.unclear) if may_appear else []
        try:
            known = list(dict.fromkeys([*self.bought, *self.ours()]))
        except (ClientError, BotoCoreError):
            left, known = [*left, "a list of what was bought"], self.bought
        return left + [arn for arn in known if not self.is_gone(arn, may_appear)]

    def is_gone(self, arn, may_appear):
        """Deletes it. What is refused now, as while it is being created, is tried again later."""
        with contextlib.suppress(ClientError, BotoCoreError):
            self.delete(arn)
        try:
            return self.get(arn) is None and (arn in self.deleted or not may_appear)
        except (ClientError, BotoCoreError):
            return False

    def alias_is_back(self):
        try:
            found = self.look_at_alias()
            if found["routingConfiguration"] == self.before["routingConfiguration"]:
                return found["agentAliasStatus"] == "PREPARED"
            self.point_alias(self.before["routingConfiguration"])
            return self.settled_alias()["routingConfiguration"] == self.before["routingConfiguration"]
        except (ClientError, BotoCoreError, Impossible):
            return False

    def commands(self, left):
        """What to type for what could not be cleaned up."""
        arns = [arn for arn in dict.fromkeys([*self.bought, *left]) if arn.startswith("arn:")]
        commands = [f"aws bedrock delete-provisioned-model-throughput --provisioned-model-id {arn}" for arn in arns]
        commands.append(f"aws bedrock list-provisioned-model-throughputs --name-contains {self.name}")
        if self.before:
            agent, alias = self.alias
            commands.insert(
                0,
                (
                    f"aws bedrock-agent update-agent-alias --agent-id {agent} --agent-alias-id {alias} "
                    f"--agent-alias-name '{self.before['agentAliasName']}' "
                    f"--routing-configuration agentVersion={self.version()}"
                ),
            )
        return commands
