"""Asks the program `timetables` and the brute force the same questions, and stops at the first difference.

    compare.py TIMETABLES --seed SEED --cases CASES [--only NUMBER]
"""

import argparse
import json
import subprocess
import sys
import zoneinfo
from bisect import bisect_right
from collections import Counter
from datetime import UTC, datetime

import tzdata
from cases import Case
from opinion import Opinion

# The time zone data of the package that is pinned, not the machine's.
zoneinfo.reset_tzpath(to=[])

# As many questions as fit a pipe comfortably.
BATCH = 500
YEARS = (1975, 2045)


def ask(program, questions):
    text = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{program} failed: {done.stderr.strip()}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(questions):
        sys.exit(f"{program} gave {len(answers)} answers to {len(questions)} questions")
    return answers


def first_difference(ours, theirs):
    for n, (one, other) in enumerate(zip(ours, theirs)):
        if one != other:
            return f"entry {n}: second opinion {one}, function {other}"
    return f"second opinion has {len(ours)} entries, the function {len(theirs)}"


def judge(question, answer, counts):
    """What the two disagree about; nothing if they agree."""
    if "Mistakes" in answer:
        return f"the function refuses it: {answer['Mistakes']}"
    opinion = Opinion(question)
    held = opinion.changes(wanted=False)
    for name, ours in (("Wanted", opinion.changes(wanted=True)), ("Held", held)):
        if ours != answer[name]:
            return f"{name}: {first_difference(ours, answer[name])}"
    counts["changes"] += len(held) - 1
    starts = [at for at, _ in held]
    for at, units, following in zip(question["Instants"], answer["At"], answer["Next"], strict=True):
        counts["instants"] += 1
        if opinion.held(at) != units:
            return f"held at {at}: second opinion {opinion.held(at)}, function {units}"
        place = bisect_right(starts, at)
        if place == len(held):
            if following is not None and following[0] <= question["To"]:
                return f"after {at}: second opinion sees no change until {question['To']}, function {following}"
            continue
        expected = [held[place][0], "On" if held[place][1] else "Off"]
        if following != expected:
            return f"after {at}: second opinion {expected}, function {following}"
    return None


def count(question, counts):
    """What the questions exercised: a kind that never occurred was never compared."""
    timetable = question["Commitment"].get("Timetable", {})
    texts = [entry if isinstance(entry, str) else entry["Window"] for entry in timetable.get("Windows", [])]
    kinds = {
        "always on": "Timetable" not in question["Commitment"],
        "span across days": any(" - " in text for text in texts),
        "24:00": any(text.endswith("24:00") for text in texts),
        "sizes": any(isinstance(entry, dict) and "ModelUnits" in entry for entry in timetable.get("Windows", [])),
        "holiday of each year": any(len(text) == len("12-25") for text in timetable.get("Holidays", [])),
        "holiday": any(len(text) == len("2026-12-25") for text in timetable.get("Holidays", [])),
        "range of holidays": any("/" in text for text in timetable.get("Holidays", [])),
        "exception to On": any(entry["State"] == "On" for entry in timetable.get("Exceptions", [])),
        "exception to Off": any(entry["State"] == "Off" for entry in timetable.get("Exceptions", [])),
        "hold": "Hold" in question,
        "override to On": question.get("Override", {}).get("State") == "On",
        "override to Off": question.get("Override", {}).get("State") == "Off",
        "no lead": question["Commitment"].get("LeadTime") == "0m",
    }
    counts.update(kind for kind, occurs in kinds.items() if occurs)
    return kinds


def zones_agree(program):
    """Whether both time zone databases say the same; otherwise no difference would mean anything."""
    names = sorted(zoneinfo.available_timezones() - {"Factory", "localtime", "posixrules"})
    start, end = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in YEARS)
    answers = ask(program, [{"Zone": name, "From": start, "To": end} for name in names])
    wrong, changes = [], 0
    for name, answer in zip(names, answers, strict=True):
        zone = zoneinfo.ZoneInfo(name)

        def offset(at):
            return round(datetime.fromtimestamp(at, zone).utcoffset().total_seconds())

        offsets = answer["Offsets"]
        starts = [at for at, _ in offsets]
        changes += len(offsets) - 1
        around = [at + step for at in starts[1:] for step in (-1, 0)]
        # Between changes that one names, the other may know more: a look every twenty days.
        for at in around + list(range(start, end, 20 * 86400)):
            if offset(at) != offsets[bisect_right(starts, at) - 1][1]:
                wrong.append(f"{name} at {datetime.fromtimestamp(at, UTC)}")
                break
    if wrong:
        sys.exit(f"tzdata {tzdata.IANA_VERSION} and the function's database differ: {', '.join(wrong)}")
    print(f"time zones: {len(names)} with {changes} clock changes are the same as in tzdata {tzdata.IANA_VERSION}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--only", type=int)
    arguments = parser.parse_args()
    zones_agree(arguments.program)
    numbers = range(arguments.cases) if arguments.only is None else [arguments.only]
    counts, zones, kinds = Counter(), set(), {}
    for begin in range(0, len(numbers), BATCH):
        batch = numbers[begin : begin + BATCH]
        cases = [Case(arguments.seed, number) for number in batch]
        questions = [case.question() for case in cases]
        for number, case, question, answer in zip(
            batch, cases, questions, ask(arguments.program, questions), strict=True
        ):
            kinds = count(question, counts)
            zones.add(case.zone)
            difference = judge(question, answer, counts)
            if difference:
                print(json.dumps(question), file=sys.stderr)
                again = f"make second-opinion SEED={arguments.seed} ONLY={number}"
                sys.exit(f"case {number} of seed {arguments.seed}: {difference}\nagain: {again}")
    missing = [kind for kind in kinds if not counts[kind]]
    if missing and arguments.only is None:
        sys.exit(f"nothing was asked about {', '.join(missing)}: more CASES are needed")
    kinds = ", ".join(f"{kind} {counts[kind]}" for kind in kinds)
    print(
        f"second opinion, seed {arguments.seed}: {len(numbers)} timetables in {len(zones)} zones, "
        f"{counts['changes']} changes and {counts['instants']} instants, no difference\n  {kinds}"
    )


if __name__ == "__main__":
    main()
