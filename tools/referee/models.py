"""AWS's own models of the services, as botocore ships them, and what they say about a request or an answer.

Every function gives the problems that it finds, as sentences; none means that all is well.
"""

import json
import re
from datetime import datetime
from functools import cache
from urllib.parse import parse_qsl, unquote

import botocore.parsers
import botocore.session
import regex
from botocore.utils import parse_timestamp
from botocore.validate import ParamValidator

SERVICES = ("bedrock", "bedrock-agent", "dynamodb", "events", "scheduler", "service-quotas", "ssm")

# What AWS gives although its model says otherwise, with the reason.
UNLIKE_THE_MODEL = {
    # "modelUnits" is at least 1 in the model, and 0 while the throughput is being created.
    ("modelUnits", 0): "a throughput that is being created has no units yet",
}

# Enumerations that AWS may add to before its model does: tests show words that nobody knows yet.
OPEN_ENUMERATIONS = {"ProvisionedModelStatus"}

# Errors that every operation may end in, whether its model lists them or not, with their statuses
# (AWS, "Common error types"; access is refused so by services that do not model it).
COMMON_ERRORS = {
    "AccessDeniedException": {400, 403},
    "ThrottlingException": {400, 429},
    "ValidationException": {400},
    # What stands in front of a service answers so, whatever the operation declares.
    "InternalServerException": {500},
    "ServiceUnavailableException": {503},
}

SESSION = botocore.session.get_session()
SESSION.set_credentials("AKIDEXAMPLE", "secret")


@cache
def client(service):
    """A client that never sends anything: it holds the service's exception classes."""
    return SESSION.create_client(service, region_name="eu-central-1")


@cache
def service_model(service):
    return SESSION.get_service_model(service)


def uri_pattern(uri):
    """The requestUri of a model as a pattern. Some paths end in a slash, and clients differ in whether they send it."""
    parts = re.split(r"(\{[^}]+\})", uri.split("?")[0].rstrip("/"))

    def part(text):
        if not text.startswith("{"):
            return re.escape(text)
        return f"(?P<{text[1:-1].rstrip('+')}>{'.+' if text.endswith('+}') else '[^/]+'})"

    return re.compile("".join(map(part, parts)) + "/?")


@cache
def rest_operations():
    """Every operation of the REST services, those that nobody here uses too: method, pattern, service, operation."""
    found = []
    for service in SERVICES:
        model = service_model(service)
        if model.metadata["protocol"] == "rest-json":
            for name in model.operation_names:
                operation = model.operation_model(name)
                found.append((operation.http["method"], uri_pattern(operation.http["requestUri"]), service, operation))
    return found


def operation_of(request):
    """The service and the operation that a request asks for, and the variable parts of its path; or nothing."""
    target = request["Headers"].get("x-amz-target")
    if target is not None:
        prefix, _, name = target.partition(".")
        for service in SERVICES:
            model = service_model(service)
            if model.metadata.get("targetPrefix") == prefix and name in model.operation_names:
                return service, model.operation_model(name), {}
        return None
    found = []
    for method, pattern, service, operation in rest_operations():
        match = pattern.fullmatch(request["Path"]) if method == request["Method"] else None
        if match:
            found.append((service, operation, match.groupdict()))
    # A part that is spelled out goes before one that varies.
    found.sort(key=lambda candidate: len(candidate[2]))
    return found[0] if found else None


def name_in(place, shape, member):
    return shape.members[member].serialization.get("name", member) if place is None else place


def from_text(shape, text):
    """A value of a path or a query, in the type of its shape."""
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[text]
    if shape.type_name == "timestamp":
        return parse_timestamp(text)
    return text


def from_json(shape, value, path, problems):
    """A value of a body in botocore's names, for its validator. What the model does not know is a problem."""
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {name_in(None, shape, member): member for member in shape.members}
        problems.extend(f"{path}.{key} is no member of {shape.name}" for key in value if key not in names)
        known = [(names[key], item) for key, item in value.items() if key in names]
        return {key: from_json(shape.members[key], item, f"{path}.{key}", problems) for key, item in known}
    if shape.type_name == "list" and isinstance(value, list):
        return [from_json(shape.member, item, f"{path}[{n}]", problems) for n, item in enumerate(value)]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: from_json(shape.value, item, f"{path}.{key}", problems) for key, item in value.items()}
    if shape.type_name == "timestamp" and isinstance(value, int | float | str):
        return parse_timestamp(value)
    return value


def parameters(operation, request, path_parts, problems):
    """The parameters of the call that a request carries."""
    shape = operation.input_shape
    if shape is None:
        return {}
    query = parse_qsl(request["Query"], keep_blank_values=True)
    found, body_members = {}, {}
    for member, its in shape.members.items():
        location, name = its.serialization.get("location"), its.serialization.get("name", member)
        if location == "uri" and name in path_parts:
            found[member] = from_text(its, unquote(path_parts[name]))
        elif location == "querystring":
            values = [value for key, value in query if key == name]
            if len(values) > 1 and its.type_name != "list":
                problems.append(f"?{name} is sent {len(values)} times")
            if values:
                found[member] = values if its.type_name == "list" else from_text(its, values[0])
        elif location is None:
            body_members[name] = member
    names = {its.serialization.get("name", member) for member, its in shape.members.items()}
    problems.extend(f"?{key} is nothing that {operation.name} takes" for key, _ in query if key not in names)
    body = json.loads(request["Body"]) if request["Body"] else {}
    for key, value in body.items():
        if key in body_members:
            member = body_members[key]
            found[member] = from_json(shape.members[member], value, key, problems)
        else:
            problems.append(f"{key} is nothing that the body of {operation.name} takes")
    return found


@cache
def pattern_of(text):
    # The dialect is Java's and JavaScript's: \p{L} and the like, which Python's own `re` does not know.
    return regex.compile(text)


def limits(shape, value, path):
    """What botocore's validator leaves out: patterns, enumerations, and limits from above."""
    problems = []
    if shape.type_name == "structure":
        for member, item in value.items():
            if member in shape.members:
                problems += limits(shape.members[member], item, f"{path}.{member}")
        return problems
    metadata = shape.metadata
    measured = value if shape.type_name in ("integer", "long", "float", "double") else None
    if shape.type_name == "string":
        measured = len(value)
        closed = shape.name not in OPEN_ENUMERATIONS
        if closed and metadata.get("enum") and value not in metadata["enum"]:
            problems.append(f"{path}: {value!r} is none of {', '.join(metadata['enum'])}")
        # Services hold the pattern against the whole value, whether or not it says so.
        if "pattern" in metadata and not pattern_of(metadata["pattern"]).fullmatch(value):
            problems.append(f"{path}: {value!r} does not match {metadata['pattern']}")
    elif shape.type_name == "list":
        measured = len(value)
        for n, item in enumerate(value):
            problems += limits(shape.member, item, f"{path}[{n}]")
    elif shape.type_name == "map":
        measured = len(value)
        for key, item in value.items():
            problems += limits(shape.key, key, f"{path}.{key}") + limits(shape.value, item, f"{path}.{key}")
    exempt = isinstance(value, int) and (path.rpartition(".")[2], value) in UNLIKE_THE_MODEL
    if measured is not None and not exempt:
        if measured < metadata.get("min", measured):
            problems.append(f"{path}: {measured} is less than {metadata['min']}")
        if measured > metadata.get("max", measured):
            problems.append(f"{path}: {measured} is more than {metadata['max']}")
    return problems


def request_problems(operation, request, path_parts):
    """What is wrong with a request under the model of its operation."""
    problems = []
    try:
        found = parameters(operation, request, path_parts, problems)
    except (ValueError, KeyError, AttributeError) as error:
        return [*problems, f"cannot be read: {error!r}"]
    if operation.input_shape is None:
        return problems
    report = ParamValidator().validate(found, operation.input_shape)
    if report.has_errors():
        return [*problems, report.generate_report()]
    return problems + limits(operation.input_shape, found, operation.name)


TYPES = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


def types(shape, value, path):
    """Whether what botocore has read has the types of the model, and all that the model promises."""
    wanted = TYPES.get(shape.type_name, (object,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted and object not in wanted):
        return [f"{path}: {value!r} is no {shape.type_name}"]
    if shape.type_name == "structure":
        problems = [f"{path}.{member} is missing" for member in shape.required_members if member not in value]
        for member, item in value.items():
            if member in shape.members:
                problems += types(shape.members[member], item, f"{path}.{member}")
        return problems
    if shape.type_name == "list":
        return [problem for n, item in enumerate(value) for problem in types(shape.member, item, f"{path}[{n}]")]
    return []


def timestamps(shape, value, path, usual):
    """Whether times are written as the protocol says: botocore itself reads any form."""
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {name_in(None, shape, member): its for member, its in shape.members.items()}
        return [
            problem
            for key, item in value.items()
            if key in names
            for problem in timestamps(names[key], item, f"{path}.{key}", usual)
        ]
    if shape.type_name == "list" and isinstance(value, list):
        return [
            problem for n, item in enumerate(value) for problem in timestamps(shape.member, item, f"{path}[{n}]", usual)
        ]
    if shape.type_name == "timestamp":
        form = shape.serialization.get("timestampFormat", usual)
        if isinstance(value, str) != (form == "iso8601"):
            return [f"{path}: {value!r} is not in the form {form}"]
    return []


def parsed(service, operation, answer):
    """An answer as botocore's own parser reads it."""
    response = {"status_code": answer["Status"], "headers": answer["Headers"], "body": answer["Body"].encode()}
    parser = botocore.parsers.create_parser(service_model(service).metadata["protocol"])
    return parser.parse(response, operation.output_shape)


def answer_problems(service, operation, answer):
    """What is wrong with an answer under the model of the operation that it answers."""
    try:
        read = parsed(service, operation, answer)
    except (botocore.parsers.ResponseParserError, ValueError, TypeError) as error:
        return [f"botocore cannot read it: {error}"]
    if "Error" in read:
        return error_problems(service, operation, answer, read)
    problems = []
    expected = operation.http.get("responseCode", 200)
    if answer["Status"] != expected:
        problems.append(f"the status is {answer['Status']}, and {expected} in the model")
    read.pop("ResponseMetadata", None)
    shape = operation.output_shape
    body = json.loads(answer["Body"]) if answer["Body"] else {}
    if shape is None:
        return problems + ([f"it has no members, and {body} was given"] if body else [])
    from_json(shape, body, operation.name, problems)
    problems += timestamps(shape, body, operation.name, "unixTimestamp")
    wrong = types(shape, read, operation.name)
    return problems + (wrong or limits(shape, read, operation.name))


def error_problems(service, operation, answer, read):
    """What is wrong with a refusal: it must become the exception that the operation declares."""
    code, status = read["Error"]["Code"], answer["Status"]
    if "Message" not in read["Error"]:
        return [f"{code} has no message"]
    declared = {shape.error_code: shape for shape in operation.error_shapes}
    if code not in declared:
        if code not in COMMON_ERRORS:
            return [f"{code} is no error of {operation.name}: it has {', '.join(sorted(declared))}"]
        return [] if status in COMMON_ERRORS[code] else [f"{code} came with status {status}"]
    caught = client(service).exceptions.from_code(code)
    if caught.__name__ != declared[code].name:
        return [f"{code} becomes {caught.__name__} in boto3"]
    expected = declared[code].metadata.get("error", {}).get("httpStatusCode", status)
    return [] if status == expected else [f"{code} came with status {status}, and has {expected} in the model"]
