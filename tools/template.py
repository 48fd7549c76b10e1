"""What holds in the service's template that no lint knows?

- The dashboard is JSON once CloudFormation has put its values in: cfn-lint takes DashboardBody for any string, and CloudWatch looks at
  it only while a stack is being made.
- Policies fit into the room that IAM gives them, with as many agents as the parameter's description promises.
- The Guard depends on every other resource, so that nothing has gone when its Delete fails.
- Each alarm's text leads to its entry in the runbook.

Runs with the Python that cfn-lint is installed for: tools/template.py template.yaml. Says what is wrong, and ends with 1.
"""

import json
import re
import sys

from cfnlint.decode import decode

# Characters without white space, by IAM's quotas: all inline policies of a role together, and one managed policy.
INLINE, MANAGED = 10_240, 6_144
# What a longest name or ARN may be put in for a value that only a deployment knows.
LONG = "x" * 64


def substituted(value):
    """The text of a Fn::Sub, with `x` for each value and `${!NAME}` as CloudFormation leaves it."""
    text, values = value["Fn::Sub"], {}
    if isinstance(text, list):
        text, values = text
    known = {name: inner if isinstance(inner, str) else substituted(inner) for name, inner in values.items()}
    text = re.sub(r"\$\{([^!}]+)\}", lambda found: known.get(found[1], "x"), text)
    return text.replace("${!", "${")


def problems(body):
    """What CloudWatch, or a reader, would stumble over: not JSON, an id twice in a widget, widgets one upon another."""
    try:
        widgets = json.loads(body)["widgets"]
    except json.JSONDecodeError as error:
        line = body.splitlines()[error.lineno - 1].strip()
        return [f"is not JSON: {error}: {line[max(0, error.colno - 40):error.colno + 40]}"]
    found, taken = [], set()
    for widget in widgets:
        title = widget["properties"].get("title", widget["type"])
        ids = [entry[-1]["id"] for entry in widget["properties"].get("metrics", []) if "id" in (entry[-1] or {})]
        found += [f"has the id {name} twice in `{title}`" for name in set(ids) if ids.count(name) > 1]
        cells = {
            (column, row)
            for column in range(widget["x"], widget["x"] + widget["width"])
            for row in range(widget["y"], widget["y"] + widget["height"])
        }
        if widget["x"] + widget["width"] > 24 or cells & taken:
            found.append(f"has no room for `{title}`")
        taken |= cells
    return found


def dashboards(resources):
    bodies = {
        name: substituted(resource["Properties"]["DashboardBody"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Dashboard"
    }
    if not bodies:
        return ["there is no dashboard"]
    return [f"{name} {problem}" for name, body in bodies.items() for problem in problems(body)]


def written(value, agents):
    """How a policy may look when values are in: every function is a text, and a split list of agents has its elements."""
    if isinstance(value, dict) and len(value) == 1:
        (function, inner), = value.items()
        if function == "Fn::Split":
            return [inner[1]["Fn::Sub"][0].replace("${Agents}", "ABCDEFGHIJ")] * agents
        if function == "Fn::Sub":
            text = inner if isinstance(inner, str) else inner[0]
            return re.sub(r"\$\{[^}]*\}", lambda found: "x" * (14 if "AWS::" in found[0] else 64), text)
        if function == "Ref" or function.startswith("Fn::"):
            return LONG
    if isinstance(value, dict):
        return {key: written(inner, agents) for key, inner in value.items()}
    return [written(inner, agents) for inner in value] if isinstance(value, list) else value


def policies(template):
    promised = re.search(r"at most (\d+), as an IAM policy", template["Parameters"]["AgentIds"]["Description"])
    if not promised:
        return ["the description of AgentIds does not say how many agents there may be"]
    found = []
    for name, resource in template["Resources"].items():
        size = lambda document: len(re.sub(r"\s", "", json.dumps(written(document, int(promised[1])))))
        if resource["Type"] == "AWS::IAM::Role":
            inline = sum(size(policy["PolicyDocument"]) for policy in resource["Properties"].get("Policies", []))
            found += [f"{name} has policies of {inline} characters, of at most {INLINE}"] if inline > INLINE else []
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            managed = size(resource["Properties"]["PolicyDocument"])
            found += [f"{name} has {managed} characters with {promised[1]} agents, of at most {MANAGED}"] if managed > MANAGED else []
    return found


def named(value, names):
    """The resources that are named anywhere in a value."""
    if isinstance(value, str):
        return {name for name in re.findall(r"\$\{([A-Za-z0-9]+)[.}]", value) if name in names}
    if isinstance(value, list):
        return set().union(*(named(inner, names) for inner in value))
    found = set()
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key in ("Ref", "Fn::GetAtt", "DependsOn"):
            first = inner if key == "DependsOn" and isinstance(inner, list) else [inner if isinstance(inner, str) else inner[0]]
            found |= {name.split(".")[0] for name in first} & names
        else:
            found |= named(inner, names)
    return found


def guard(resources):
    reached, ahead = set(), {"Guard"}
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= named(resources[name], set(resources)) - reached
    return [f"the Guard does not depend on {name}" for name in sorted(set(resources) - reached)]


def alarms(resources):
    found = []
    for name, resource in resources.items():
        if resource["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            text = resource["Properties"]["AlarmDescription"].get("Fn::Sub", "")
            link = f"${{RunbookUrl}}docs/operations.md#{name.lower()}"
            found += [] if text.endswith(link) else [f"the text of {name} does not end with its link, {link}"]
            # A long address leaves its link whole: the description may have 1,024 characters.
            found += [f"the text of {name} is too long"] if len(text) > 700 else []
    return found


def main(path):
    template, errors = decode(path)
    if errors:
        sys.exit(f"{path} cannot be read: {errors}")
    resources = template["Resources"]
    found = dashboards(resources) + policies(template) + guard(resources) + alarms(resources)
    sys.exit("\n".join(f"{path}: {problem}" for problem in found) or 0)


if __name__ == "__main__":
    main(sys.argv[1])
