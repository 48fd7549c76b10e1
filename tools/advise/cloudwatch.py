"""The real command against somebody else's CloudWatch: moto's, on 127.0.0.1.

    cloudwatch.py THROUGHPUT

Four weeks of an office are put there: on demand first, then through an inference profile, then on a provisioned throughput, with a
day without datapoints and an hour of throttles. A gate before moto counts what is asked for, and can refuse, throttle, and
cut answers into pages, which moto does not do.
"""

import argparse
import json
import logging
import os
import subprocess
import threading
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
BASE = "amazon.nova-lite-v1:0"
PROFILE = "eu.amazon.nova-lite-v1:0"
ARN = f"arn:aws:bedrock:{REGION}:123456789012:provisioned-model/abcdefghijkl"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": REGION}
CAPACITY = 70_000


class Gate(BaseHTTPRequestHandler):
    """Hands on to moto; `server.refuse` answers in its place."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        asked = dict(urllib.parse.parse_qsl(body.decode()))
        server.asked.append(asked)
        assert asked["Action"] == "GetMetricData", asked["Action"]
        if server.refuse:
            code, status, message = server.refuse.pop(0)
            said = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            self.answer(status, said.encode(), {"Content-Type": "text/xml"})
            return
        # One piece of the time that is asked for in each page.
        start, end = (datetime.fromisoformat(asked[name]) for name in ("StartTime", "EndTime"))
        page, pages = int(asked.pop("NextToken", "0")), server.pages
        hours = (end - start) // timedelta(hours=1)
        cuts = [start + timedelta(hours=hours * n // pages) for n in range(pages)] + [end]
        empty = cuts[page] == cuts[page + 1]
        asked["StartTime"], asked["EndTime"] = cuts[page].isoformat(), (end if empty else cuts[page + 1]).isoformat()
        headers = dict(self.headers)
        handed_on = urllib.parse.urlencode(asked).encode()
        headers["Content-Length"] = str(len(handed_on))
        request = urllib.request.Request(server.moto + self.path, data=handed_on, headers=headers)
        with urllib.request.urlopen(request) as answered:
            status, headers, said = answered.status, dict(answered.headers), answered.read()
        if page + 1 < pages and not empty:
            token = f"<NextToken>{page + 1}</NextToken></GetMetricDataResult>".encode()
            assert b"</GetMetricDataResult>" in said
            said = said.replace(b"</GetMetricDataResult>", token)
        self.answer(status, said, headers)

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def usage(now):
    """What is put: id, metric, minute, value."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    first = hour - timedelta(days=28)
    gap = (hour - timedelta(days=9)).date()
    for n in range(28 * 24):
        at = first + timedelta(hours=n)
        if at.weekday() >= 5 or not 8 <= at.hour < 18 or at.date() == gap:
            continue
        age = (hour - at).days
        model = BASE if age > 14 else PROFILE if age > 7 else ARN
        throttled = model == ARN and at.hour == 11
        for minute in range(0, 60, 10):
            when = at + timedelta(minutes=minute)
            yield model, "InputTokenCount", when, CAPACITY * 3 // 4
            yield model, "OutputTokenCount", when, CAPACITY // 4
            yield model, "Invocations", when, 20
            yield model, "InvocationLatency", when, 2500
            if throttled:
                yield model, "InvocationThrottles", when, 3


def fill(client, now):
    points = [
        {"MetricName": metric, "Dimensions": [{"Name": "ModelId", "Value": model}], "Timestamp": when, "Value": value}
        for model, metric, when, value in usage(now)
    ]
    for n in range(0, len(points), 500):
        client.put_metric_data(Namespace="AWS/Bedrock", MetricData=points[n : n + 500])
    return len(points)


class Command:
    def __init__(self, program, endpoint):
        self.program = program
        self.environment = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_CLOUDWATCH": endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def __call__(self, *words, ids=(BASE, PROFILE, ARN)):
        named = [word for one in ids for word in ("--model-id", one)]
        prices = ["--input-price", "3", "--output-price", "15", "--unit-price", "2", "--format", "json"]
        return subprocess.run(
            [self.program, "advise", *named, *prices, *words], env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )


def told(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main():
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("program")
    asking = asking.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    gate = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    gate.moto, gate.asked, gate.refuse, gate.pages = f"http://{host}:{port}", [], [], 1
    threading.Thread(target=gate.serve_forever, daemon=True).start()
    client = boto3.client("cloudwatch", endpoint_url=gate.moto, **KEYS)
    count = fill(client, datetime.now(UTC))
    advise = Command(asking.program, f"http://127.0.0.1:{gate.server_port}")

    # Stitched, with unknown hours and a learned size.
    answer = told(advise())
    hours = {row["Hour"] for row in answer["Week"] if row["Usual"] > 0}
    assert hours == {f"{hour:02}:00" for hour in range(8, 18)}, hours
    assert {row["Day"] for row in answer["Week"] if row["Usual"] > 0} == {"Mon", "Tue", "Wed", "Thu", "Fri"}
    tokens = CAPACITY * 6 * 10 * 5
    served = answer["Tokens"]["Input"] + answer["Tokens"]["Output"]
    assert served == tokens, (served, tokens)
    assert answer["TokensPerMinute"] == {"PerModelUnit": CAPACITY, "From": "Throttles", "LowerBound": True}, answer
    confidence = answer["Confidence"]
    assert confidence["UnknownHours"] > 400 and confidence["Level"] == "Low", confidence
    assert answer["IfUnknownIsIdle"], answer
    assert sum(row["Throttled"] for row in answer["Week"]) > 0
    pages = len(gate.asked)
    print(f"{count} datapoints: {answer['Verdict']}, {answer['Timetable']['Windows']}, {pages} calls, {confidence['UnknownHours']} hours unknown")

    # In pages, the same.
    gate.asked.clear()
    gate.pages = 3
    paged = told(advise())
    assert paged == answer, "pages change the answer"
    assert len(gate.asked) > 2 * pages, len(gate.asked)
    print(f"in pages: {len(gate.asked)} calls in place of {pages}, the same answer")
    gate.pages = 1

    # Of one id only its own share is known.
    alone = told(advise(ids=(BASE,)))
    assert alone["TokensPerMinute"] is None and alone["ModelUnits"] is None, alone
    assert alone["Confidence"]["UnknownHours"] > confidence["UnknownHours"] or alone["Confidence"]["Hours"] < confidence["Hours"]

    # Throttled, and answered all the same.
    gate.refuse[:] = [("ThrottlingException", 400, "Rate exceeded")] * 3
    again = told(advise())
    assert again["Costs"] == answer["Costs"] and not gate.refuse
    print("throttled three times: the same answer")

    # 403.
    gate.refuse[:] = [("AccessDeniedException", 403, "User is not authorized to perform: cloudwatch:GetMetricData")] * 20
    done = advise()
    assert done.returncode == 3 and "AccessDenied" in done.stderr and "cloudwatch:GetMetricData" in done.stderr, done
    assert not done.stdout and len(gate.refuse) == 19, gate.refuse
    gate.refuse.clear()
    print(f"403: {done.stderr.strip()}")

    # Nothing there.
    done = advise(ids=("nobody.uses-this",))
    assert done.returncode == 2 and "no metrics of nobody.uses-this" in done.stderr, done
    print(f"nothing there: {done.stderr.strip()}")
    gate.shutdown()
    moto.stop()


if __name__ == "__main__":
    main()
