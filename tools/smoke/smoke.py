"""What does AWS do, where its documentation leaves room? Buys the smallest throughput in your own account, and looks.

    smoke.py [MODEL] [--region REGION] [--price DOLLARS] [--alias AGENT/ALIAS] [--yes]

Without a model it lists those that the Region sells, and buys nothing. Else it says what it may cost, and asks first.
It buys one model unit without a term, watches how it comes into service, routes an alias there and back if one is
named, deletes what it bought, and prints a table of the rows of docs/aws-facts.md that it could settle. Whatever
happens, it puts the alias back and deletes everything. Credentials are those that the AWS CLI would take.
"""

import argparse
import math
import secrets
import signal
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from findings import Findings
from trial import Impossible, Trial, said

# The first, one of the same name if AWS accepts that, and one more: the token's, or one in place of the first.
MOST_PURCHASES = 3


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "model",
        nargs="?",
        help="what is bought: an id with context length, such as amazon.nova-lite-v1:0:24k, or a custom model's ARN",
    )
    parser.add_argument("--region", help="the Region; else the one that the AWS CLI would take")
    parser.add_argument(
        "--price", type=float, help="what a model unit costs an hour, from AWS's pricing page; for the estimate alone"
    )
    parser.add_argument(
        "--alias", metavar="AGENT/ALIAS", help="an alias that nobody needs meanwhile, of an agent with that model"
    )
    parser.add_argument(
        "--patience",
        type=int,
        default=90,
        metavar="MINUTES",
        help="how long it waits for the service, and for deletions",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    found = parser.parse_args(words)
    if found.alias and (found.alias.count("/") != 1 or found.alias.endswith("/TSTALIASID")):
        parser.error("--alias is AGENT/ALIAS, and not the draft's alias TSTALIASID")
    return found


def costs(patience, price):
    """What the trial may cost, in sentences."""
    # As long as it waits for the service, and as long again until a deletion is accepted.
    most = MOST_PURCHASES * math.ceil(2 * patience / 60)
    lines = [
        "This buys ONE MODEL UNIT of provisioned throughput, without a term, and deletes it again.",
        f"It is billed for about 1 to 2 hours of one model unit, and in the worst case for {most}: if AWS accepts a",
        "second purchase of the same name, buys anew for a spent token, and bills started hours whole.",
    ]
    if price is None:
        lines.append(
            "A model unit costs tens of dollars an hour: see AWS's pricing page, and give --price for a figure here."
        )
    else:
        lines.append(
            f"At {price:.2f} an hour that is about {price:.2f} to {2 * price:.2f}, "
            f"and in the worst case {most * price:.2f}."
        )
    lines.append("It needs a quota of one model unit without a term; with two it can settle one row more.")
    return "\n".join(lines)


def stop(*_signal):
    """A request to end is as Ctrl-C: everything is cleaned up first."""
    raise KeyboardInterrupt


def play(trial, findings):
    """Runs the trial and prints what came of it. Returns the exit code."""
    code = 0
    try:
        trial.run()
    except Impossible as why:
        print(f"it ended early: {why}", file=sys.stderr)
        code = 1
    except ClientError as error:
        print(f"it ended early: {said(error)}", file=sys.stderr)
        code = 1
    except BotoCoreError as error:
        print(f"it ended early: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("it was ended", file=sys.stderr)
        code = 130
    print(f"\nSeen with {trial.model} on {trial.clock.now():%Y-%m-%d}:\n\n{findings.table()}\n")
    if trial.left:
        print(
            "NOT EVERYTHING COULD BE CLEANED UP. It is billed until it is deleted:",
            *trial.left,
            sep="\n  ",
            file=sys.stderr,
        )
        return 1
    return code


def consents():
    try:
        return input("Buy it? yes or no: ").strip().lower() == "yes"
    except EOFError:
        return False


def sold(bedrock):
    """Lists what the Region sells. Returns the exit code."""
    try:
        models = bedrock.list_foundation_models(byInferenceType="PROVISIONED")["modelSummaries"]
    except (ClientError, BotoCoreError) as error:
        print(f"cannot list the models: {error}", file=sys.stderr)
        return 1
    ids = [one["modelId"] for one in models]
    print(f"sold as provisioned throughput in {bedrock.meta.region_name}:", *ids, sep="\n  ")
    print("Name one of them to buy it: make smoke MODEL=…")
    return 0


def main():
    asked = arguments()
    session = boto3.Session(region_name=asked.region)
    if session.region_name is None:
        sys.exit("which Region? Set AWS_REGION, or give --region")
    if asked.model is None:
        return sold(session.client("bedrock"))
    print(costs(asked.patience, asked.price))
    if not asked.yes and not consents():
        print("nothing was bought")
        return 2
    for word in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(word, stop)
    findings = Findings()
    trial = Trial(
        session.client("bedrock"),
        session.client("bedrock-agent"),
        findings,
        asked.model,
        f"smoke-{secrets.token_hex(4)}",
        alias=tuple(asked.alias.split("/")) if asked.alias else None,
        patience=asked.patience * 60,
    )
    return play(trial, findings)


if __name__ == "__main__":
    sys.exit(main())
