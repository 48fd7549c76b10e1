"""Judges what the simulator was asked and answered while the tests ran, by AWS's own models.

    recordings.py RECORDED [--clients DIRECTORY]

RECORDED holds the files that the simulator writes with SIMULATOR_RECORD; DIRECTORY the Rust source of the function, from
which the operations are read that must occur.
"""

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path

import models

# What differs between conversations that are otherwise the same: instants in either form, and ports.
VARIES = [re.compile(form) for form in (rb"20\d\d-\d\d-\d\dT[\d:.]+Z", rb'CreationDate\\":\d+', rb"127\.0\.0\.1:\d+")]
# The SDK's crates, by the service in botocore.
CRATES = {
    "bedrock": "bedrock",
    "bedrockagent": "bedrock-agent",
    "dynamodb": "dynamodb",
    "eventbridge": "events",
    "scheduler": "scheduler",
    "servicequotas": "service-quotas",
    "ssm": "ssm",
}


def operations_of_clients(directory):
    """The operations that the function's clients can send, as (service, operation), read from their source."""
    source = "\n".join(path.read_text() for path in sorted(Path(directory).rglob("*.rs")))
    clients = dict(re.findall(r"^\s+(\w+): (?:OnceLock<)?aws_sdk_(\w+)::Client>?,", source, re.MULTILINE))
    # src/store knows one client alone.
    clients["client"] = clients["table"]
    found = set()
    for field, call in re.findall(r"\bself\s*\.(\w+)(?:\(\))?\s*\.(\w+)\(\)", source):
        if field in clients:
            name = "".join(word.title() for word in call.split("_"))
            found.add((CRATES[clients[field]], name))
    silent = {field for field in clients if not any(service == CRATES[clients[field]] for service, _ in found)}
    if not found or silent:
        sys.exit(f"no operation was found in {directory} of {', '.join(silent) or 'any client'}: read it differently")
    unknown = [name for service, name in found if name not in models.service_model(service).operation_names]
    if unknown:
        sys.exit(f"no operations of AWS: {', '.join(unknown)}")
    return found


def lines(directory):
    for path in sorted(Path(directory).glob("*.jsonl")):
        with path.open("rb") as file:
            yield from file


class Judge:
    """What was found so far."""

    def __init__(self):
        # By a conversation without what varies: what each like it is counted as.
        self.seen = {}
        self.counts = Counter()
        self.distinct = Counter()
        self.errors = Counter()
        self.problems = Counter()

    def problem(self, kind, name, text, entry):
        if not self.problems[(kind, name, text)]:
            sample = json.dumps(entry)
            print(f"{name}, {kind}: {text}\n  {sample[:1500]}", file=sys.stderr)
        self.problems[(kind, name, text)] += 1

    def judge(self, line):
        alike = line
        for form in VARIES:
            alike = form.sub(b"", alike)
        alike = hash(alike)
        kind = self.seen.get(alike)
        if kind is None:
            kind = self.seen[alike] = self.judge_entry(json.loads(line))
        for what in kind:
            self.counts[what] += 1

    def judge_entry(self, entry):
        """Judges one conversation, and says what it is to be counted as."""
        request, answer, by_hand = entry["Request"], entry["Answer"], entry["ByHand"]
        kind = ["requests"] + ["by hand"] * by_hand + ["unanswered"] * (answer is None)
        found = models.operation_of(request)
        if found is None:
            if not by_hand:
                self.problem("request", request["Path"], "no operation of any of the services", entry)
            return kind
        service, operation, parts = found
        if not by_hand:
            kind.append((service, operation.name))
            self.distinct[(service, operation.name)] += 1
            for text in models.request_problems(operation, request, parts):
                self.problem("request", operation.name, text, entry)
        if answer is not None:
            for text in models.answer_problems(service, operation, answer):
                self.problem("answer", operation.name, text, entry)
            if answer["Status"] >= 300:
                self.errors[models.parsed(service, operation, answer)["Error"]["Code"]] += 1
        return kind


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recorded")
    parser.add_argument("--clients", default="src")
    arguments = parser.parse_args()
    expected = operations_of_clients(arguments.clients)
    judge = Judge()
    for line in lines(arguments.recorded):
        judge.judge(line)
    if not judge.counts["requests"]:
        sys.exit(f"nothing is recorded in {arguments.recorded}")
    print(f"referee: {judge.counts['requests']} requests, of which {len(judge.seen)} differ, under botocore's models")
    sent = {kind: count for kind, count in judge.counts.items() if isinstance(kind, tuple)}
    for (service, name), count in sorted(sent.items()):
        print(f"  {service:14} {name:34} {count:7}, {judge.distinct[(service, name)]} judged")
    print("  refusals: " + ", ".join(f"{code} {count}" for code, count in sorted(judge.errors.items())))
    print(f"  without a whole answer: {judge.counts['unanswered']}; written by hand: {judge.counts['by hand']}")
    failures = []
    missing = expected - sent.keys()
    if missing:
        failures.append(f"never sent, and so never judged: {', '.join(f'{one} {name}' for one, name in sorted(missing))}")
    unexpected = sent.keys() - expected
    if unexpected:
        failures.append(f"sent, and not found in the clients' source: {', '.join(name for _, name in unexpected)}")
    for (kind, name, text), count in judge.problems.items():
        failures.append(f"{name}, {kind}, {count} times: {text}")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
