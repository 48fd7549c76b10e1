"""When is a commitment on? The rules of "When it is on", read again, by brute force.

Everything is a row of bytes, one for each minute, holding the model units that are wanted or held in that minute. Nothing
here knows how the function does it: civil times are turned into instants by Python's zoneinfo, and a window is painted
over every minute that it covers.
"""

import re
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EPOCH = datetime(1970, 1, 1)
MINUTE = 60


@cache
def instant(zone, civil):
    """The instant, in seconds since 1970, of a civil time.

    The first of two that a clock change repeats; one that it skips moves forward by the length of the gap. Both are what
    `fold=0` means (PEP 495): the offset from before the change.
    """
    offset = civil.replace(tzinfo=ZoneInfo(zone), fold=0).utcoffset()
    return round((civil - offset - EPOCH).total_seconds())


def days(text):
    """The weekdays of a list or a range, as numbers from Monday on."""
    text = text.lower()
    if text == "daily":
        return set(range(7))
    if "-" in text:
        first, last = (DAYS.index(day) for day in text.split("-"))
        return {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return {DAYS.index(day) for day in text.split(",")}


def minutes(text):
    """Minutes after midnight of HH:MM."""
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def window(text):
    """The weekdays on which a window opens, its start in minutes after that midnight, its end after the same midnight."""
    span = re.fullmatch(r"(\w+) (\d\d:\d\d) - (\w+) (\d\d:\d\d)", text)
    if span:
        opens, closes = (DAYS.index(span[n].lower()) for n in (1, 3))
        start, end = minutes(span[2]), minutes(span[4])
        later = (closes - opens) % 7
        if later == 0 and end <= start:
            later = 7
        return {opens}, start, later * 1440 + end
    on, times = text.split(" ")
    start, end = (minutes(time) for time in times.split("-"))
    return days(on), start, end if start < end else end + 1440


def seconds(text):
    """The seconds of a duration such as 90m, 1h30m or PT1H."""
    parts = re.fullmatch(r"(?:PT)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text, re.IGNORECASE).groups()
    hours, mins, secs = (int(part or 0) for part in parts)
    return hours * 3600 + mins * 60 + secs


def civil(day, minute):
    """The civil time `minute` minutes after the midnight that begins `day`."""
    return datetime(day.year, day.month, day.day) + timedelta(minutes=minute)


class Opinion:
    """What is wanted and held from minute to minute, for a question as `timetables` takes it."""

    def __init__(self, question):
        self.start, self.end = question["From"], question["To"]
        commitment = question["Commitment"]
        self.units = int(commitment.get("ModelUnits", 1))
        self.lead = seconds(commitment.get("LeadTime", "60m"))
        self.override = question.get("Override")
        self.hold = question.get("Hold")
        size = (self.end - self.start + self.lead) // MINUTE + 2
        if self.hold:
            self.base = bytearray([self.units if self.hold == "On" else 0]) * size
        elif "Timetable" in commitment:
            self.base = bytearray(size)
            self.paint_timetable(commitment["Timetable"])
        else:
            self.base = bytearray([self.units]) * size

    def paint(self, start, end, units):
        first, last = (max(0, min(len(self.base), (at - self.start) // MINUTE)) for at in (start, end))
        if first < last:
            self.base[first:last] = bytes([units]) * (last - first)

    def paint_timetable(self, timetable):
        zone = timetable["Timezone"]
        holidays, yearly = [], set()
        for text in timetable.get("Holidays", []):
            first, _, last = text.partition("/")
            if len(first) == len("12-25"):
                yearly.add(first)
            else:
                holidays.append((date.fromisoformat(first), date.fromisoformat(last or first)))
        # A window lasts a week at most, and an offset is less than two days.
        first = (EPOCH + timedelta(seconds=self.start)).date() - timedelta(days=10)
        last = (EPOCH + timedelta(seconds=self.end + self.lead)).date() + timedelta(days=3)
        strokes = []
        for entry in timetable.get("Windows", []):
            entry = entry if isinstance(entry, dict) else {"Window": entry}
            units = int(entry.get("ModelUnits", self.units))
            opens, start, end = window(entry["Window"])
            day = first
            while day <= last:
                free = f"{day:%m-%d}" in yearly or any(begin <= day <= close for begin, close in holidays)
                if day.weekday() in opens and not free:
                    strokes.append((units, instant(zone, civil(day, start)), instant(zone, civil(day, end))))
                day += timedelta(days=1)
        # The largest is painted last: at each minute the largest wins.
        for units, start, end in sorted(strokes):
            self.paint(start, end, units)
        # The later in the list wins.
        for entry in timetable.get("Exceptions", []):
            start, end = (instant(zone, datetime.fromisoformat(text)) for text in entry["Window"].split("/"))
            self.paint(start, end, int(entry.get("ModelUnits", self.units)) if entry["State"] == "On" else 0)

    def minute(self, at):
        return (at - self.start) // MINUTE

    def live(self, at):
        """What a live override asks for at an instant; nothing when none is live."""
        if self.override is None or self.override["Until"] <= at:
            return None
        if self.override["State"] == "Off":
            return 0
        return int(self.override.get("ModelUnits", self.units))

    def wanted(self, at):
        live = self.live(at)
        return self.base[self.minute(at)] if live is None else live

    def held(self, at):
        """The largest size that is wanted from `at` to `at` plus the lead, both included."""
        live = self.live(at)
        if live == 0:
            return 0
        begin = at if live is None else self.override["Until"]
        row = self.base[self.minute(begin) : self.minute(at + self.lead) + 1] if begin <= at + self.lead else b""
        return max(live or 0, max(row, default=0))

    def ahead(self):
        """For each minute of `base` the largest of it and the lead after it: what `held` is without an override."""
        length = self.lead // MINUTE
        row = bytearray(len(self.base))
        runs = [(run[0][0], *run.span()) for run in re.finditer(rb"([^\0])\1*", bytes(self.base), re.DOTALL)]
        for units, first, last in sorted(runs):
            first = max(0, first - length)
            row[first:last] = bytes([units]) * (last - first)
        return row

    def changes(self, wanted):
        """What is wanted, or held, at `start`, and from each change until `end` on.

        Every minute is looked at; while an override to On is live, every minute from its end backwards too.
        """
        lead = 0 if wanted else self.lead
        if lead % MINUTE:
            raise ValueError("leads are whole minutes here")
        row = self.base if wanted else self.ahead()
        found, free = [], self.start
        if self.override and self.override["Until"] > self.start:
            free = self.override["Until"]
            found = self.overridden(min(free, self.end + 1), lead)
        if free <= self.end:
            found.append((free, row[self.minute(free)]))
            begin = self.minute(free) + 1
            for run in re.finditer(rb"(.)\1*", bytes(row[begin : self.minute(self.end) + 1]), re.DOTALL):
                found.append((self.start + (begin + run.start()) * MINUTE, run[1][0]))
        return [list(entry) for n, entry in enumerate(found) if n == 0 or found[n - 1][1] != entry[1]]

    def overridden(self, end, lead):
        """What is wanted, or held with `lead`, from `start` to `end` while the override is live."""
        asked, until = self.live(self.start), self.override["Until"]
        if asked == 0:
            return [(self.start, 0)]
        # The largest of the base from the override's end to each minute after it.
        since = self.minute(until)
        grown = list(accumulate(self.base[since:], max))
        moments = {*range(self.start, end, MINUTE), *range(self.start + until % MINUTE, end, MINUTE)}
        ahead = [(at, at + lead) for at in sorted(moments)]
        return [(at, max(asked, grown[self.minute(last) - since]) if until <= last else asked) for at, last in ahead]
