"""Weeks of usage with a shape that is known: by the hour, on the clocks of Berlin unless said otherwise.

    weeks.py KIND [--weeks N] [--minutes]          one of KINDS, as csv on standard output
    weeks.py --write DIRECTORY                     the files that docs/advise.md and the tests read
"""

import argparse
import random
import sys
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path

# The time zone data of the package that is pinned, not the machine's.
try:
    import tzdata  # noqa: F401

    zoneinfo.reset_tzpath(to=[])
except ImportError:
    pass

HEADER = "Start,InputTokens,OutputTokens,Invocations,Throttles"
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
# A Monday; the four weeks end before the clocks change.
FIRST = datetime(2026, 9, 21, tzinfo=BERLIN)
# Tokens of an invocation: in, out.
IN, OUT = 1600, 400


def office(at, _):
    """Mon-Fri 08:00-18:00, a little less at noon."""
    if at.weekday() < 5 and 8 <= at.hour < 18:
        return 2400 if at.hour != 12 else 1900
    return 12


def batch(at, _):
    """Tue and Fri from 22:00 to 04:00."""
    night = at - timedelta(hours=22)
    return 3300 if night.weekday() in (1, 4) and night.hour < 6 else 0


def shop(at, _):
    """Sat and Sun from 10:00 to 22:00, and little in the evenings of the week."""
    if at.weekday() >= 5 and 10 <= at.hour < 22:
        return 2700
    return 150 if 18 <= at.hour < 22 else 20


def two_zones(at, _):
    """Offices in Berlin and in Tokyo, 09:00-17:00 each."""
    there = at.astimezone(TOKYO)
    offices = [place for place in (at, there) if place.weekday() < 5 and 9 <= place.hour < 17]
    return 2500 * len(offices) + 5


def growth(at, week):
    """The office, a fifth more each week."""
    return office(at, week) * 6**week * 5 ** (3 - week) // 216


def spike(at, week):
    """The office, and once, on a Sunday night, thirty times as much."""
    return 72000 if week == 2 and at.weekday() == 6 and at.hour == 3 else office(at, week)


def outage(at, week):
    """The office, which has nothing for a day and a half."""
    dark = week == 1 and (at.weekday() == 2 or (at.weekday() == 3 and at.hour < 12))
    return 0 if dark else office(at, week)


def holiday(at, week):
    """The office, which is closed on a Thursday and a Friday."""
    return 12 if week == 2 and at.weekday() in (3, 4) else office(at, week)


def nothing_regular(_, __):
    """Any hour may have anything."""
    return random.randrange(0, 1500)


def always(_, __):
    """Day and night."""
    return 2600


KINDS = {
    kind.__name__.replace("_", "-"): kind
    for kind in (office, batch, shop, two_zones, growth, spike, outage, holiday, nothing_regular, always)
}


def hours(weeks=4, first=FIRST):
    start, end = first.astimezone(UTC), (first + timedelta(weeks=weeks)).astimezone(UTC)
    while start < end:
        yield start
        start += timedelta(hours=1)


def rows(kind, weeks=4, minutes=False, noise=0, zone=BERLIN):
    """Rows of csv; with `noise`, invocations vary by so many percent."""
    random.seed(kind.__name__)
    for start in hours(weeks):
        at = start.astimezone(zone)
        week = (at.date() - FIRST.date()).days // 7
        count = kind(at, week)
        if noise:
            count = count * random.randrange(100 - noise, 101 + noise) // 100
        parts = [(start, count)]
        if minutes:
            parts = [(start + timedelta(minutes=n), count // 60 + (n < count % 60)) for n in range(60)]
        for begin, many in parts:
            yield f"{begin:%Y-%m-%dT%H:%M:%SZ},{many * IN},{many * OUT},{many},0"


def csv(kind, **how):
    return "\n".join([HEADER, *rows(kind, **how)]) + "\n"


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("kind", nargs="?", choices=KINDS)
    asked.add_argument("--weeks", type=int, default=4)
    asked.add_argument("--minutes", action="store_true")
    asked.add_argument("--write", type=Path)
    asked = asked.parse_args()
    if asked.write:
        for name in ("office", "batch", "shop"):
            (asked.write / f"{name}.csv").write_text(csv(KINDS[name], noise=8))
    elif asked.kind:
        sys.stdout.write(csv(KINDS[asked.kind], weeks=asked.weeks, minutes=asked.minutes))
    else:
        sys.exit("which kind?")


if __name__ == "__main__":
    main()
