"""Is the dashboard in a template JSON once CloudFormation has put its values in?

cfn-lint takes DashboardBody for any string, and CloudWatch looks at it only while a stack is being made. Runs with the
Python that cfn-lint is installed for: tools/dashboard.py template.yaml. Says what is wrong, and ends with 1.
"""

import json
import re
import sys

from cfnlint.decode import decode


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


def main(path):
    template, errors = decode(path)
    if errors:
        sys.exit(f"{path} cannot be read: {errors}")
    bodies = {
        name: substituted(resource["Properties"]["DashboardBody"])
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Dashboard"
    }
    found = [f"{path}: {name} {problem}" for name, body in bodies.items() for problem in problems(body)]
    if not bodies:
        found = [f"{path} has no dashboard"]
    sys.exit("\n".join(found) or 0)


main(sys.argv[1])
