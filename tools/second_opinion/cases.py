"""Random timetables and moments, biased to where clocks change. Case `number` of a seed is the same on every machine."""

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from opinion import DAYS

# The years in which each zone is looked at; those with odd rules more often.
ODD = {
    "Australia/Lord_Howe": (1990, 2037),
    "Africa/Cairo": (1990, 2037),
    "Africa/Casablanca": (2008, 2037),
    "Africa/El_Aaiun": (2008, 2037),
    "Pacific/Apia": (2009, 2013),
    "America/Sao_Paulo": (1995, 2020),
    "Europe/Dublin": (1990, 2037),
    "Antarctica/Troll": (2005, 2037),
    "Asia/Gaza": (2008, 2037),
    "Asia/Tehran": (1995, 2023),
    "America/Caracas": (2006, 2017),
    "Pacific/Kwajalein": (1993, 1994),
    "Pacific/Kiritimati": (1994, 1996),
    "Asia/Pyongyang": (2014, 2019),
    "America/Havana": (1998, 2037),
    "Asia/Beirut": (1993, 2037),
    "America/Nuuk": (2015, 2037),
    "America/Asuncion": (2005, 2026),
    "Pacific/Chatham": (1990, 2037),
    "Antarctica/Casey": (2009, 2024),
    "Europe/Istanbul": (2005, 2018),
    "Africa/Juba": (2015, 2023),
    "Asia/Amman": (2005, 2024),
    "Pacific/Fiji": (2009, 2022),
}
ORDINARY = {
    "UTC": (2000, 2037),
    "Asia/Tokyo": (2000, 2037),
    "Europe/Berlin": (1990, 2037),
    "Europe/London": (1990, 2037),
    "America/New_York": (1990, 2037),
    "America/Los_Angeles": (1990, 2037),
    "Asia/Kolkata": (2000, 2037),
    "Asia/Kathmandu": (2000, 2037),
    "Australia/Sydney": (2000, 2037),
}
LEADS = "0m 0m 0m 1m 1m 5m 5m 15m 15m 30m 30m 60m 60m 90m 1h30m 2h 3h 7h 12h PT1H PT45M pt2h30m 26h 49h 168h".split()


@cache
def clock_changes(zone, first, last):
    """The days of UTC on which the offset of a zone changes."""
    info, day, found = ZoneInfo(zone), datetime(first, 1, 1, tzinfo=UTC), []
    before = day.astimezone(info).utcoffset()
    while day.year <= last:
        day += timedelta(days=1)
        after = day.astimezone(info).utcoffset()
        if before != after:
            found.append(day.date() - timedelta(days=1))
        before = after
    return found


class Case:
    """One random question."""

    def __init__(self, seed, number):
        self.dice = dice = random.Random(f"{seed}/{number}")
        zones = ODD if dice.random() < 0.7 else ORDINARY
        self.zone = dice.choice(list(zones))
        first, last = zones[self.zone]
        changes = clock_changes(self.zone, first, last)
        if changes and dice.random() < 0.75:
            self.anchor = dice.choice(changes)
        else:
            self.anchor = date(first, 1, 1) + timedelta(days=dice.randrange((last - first + 1) * 365))

    def chance(self, probability):
        return self.dice.random() < probability

    def time(self):
        # Clocks change at night, and people write round times.
        hour = self.dice.choice([0, 1, 2, 3, 4, 23, self.dice.randrange(24)])
        return f"{hour:02}:{self.dice.choice([0, 0, 0, 15, 30, 45, 59, self.dice.randrange(60)]):02}"

    def end(self):
        return "24:00" if self.chance(0.1) else self.time()

    def day(self):
        return self.dice.choice([str.title, str.title, str.lower, str.upper])(self.dice.choice(DAYS))

    def days(self):
        kind = self.dice.randrange(4)
        if kind == 0:
            return self.dice.choice(["Daily", "daily"])
        if kind == 1:
            return self.day()
        if kind == 2:
            return ",".join(day.title() for day in self.dice.sample(DAYS, self.dice.randint(2, 5)))
        first, last = self.dice.sample(DAYS, 2)
        return f"{first.title()}-{last.title()}"

    def units(self):
        units = self.dice.randint(1, 9)
        return str(units) if self.chance(0.2) else units

    def window(self):
        if self.chance(0.2):
            start, end, first, last = self.time(), self.end(), self.day(), self.day()
            while first.lower() == last.lower() and start == end:
                end = self.end()
            text = f"{first} {start} - {last} {end}"
        else:
            start, end = self.time(), self.end()
            while start == end:
                end = self.end()
            text = f"{self.days()} {start}-{end}"
        entry = {"Window": text, "ModelUnits": self.units()} if self.chance(0.4) else text
        return {"Window": text} if self.chance(0.05) else entry

    def near(self):
        return self.anchor + timedelta(days=self.dice.randint(-4, 6))

    def holiday(self):
        first = self.near()
        if self.chance(0.3):
            # A day of each year, now and then 29 February, which most years do not have.
            return "02-29" if self.chance(0.1) else f"{first:%m-%d}"
        return f"{first}/{first + timedelta(days=self.dice.randint(0, 6))}" if self.chance(0.4) else str(first)

    def exception(self):
        start = datetime.fromisoformat(f"{self.near()}T{self.time()}")
        end = start + timedelta(minutes=self.dice.choice([1, 15, 30, 45, 60, 90, 240, self.dice.randint(1, 6000)]))
        state = self.dice.choice(["On", "Off"])
        entry = {"Window": f"{start:%Y-%m-%dT%H:%M}/{end:%Y-%m-%dT%H:%M}", "State": state}
        if state == "On" and self.chance(0.5):
            entry["ModelUnits"] = self.units()
        return entry

    def some(self, most, make):
        return [make() for _ in range(self.dice.choice([0, *range(1, most + 1), *range(1, most + 1)]))]

    def question(self):
        """The question, as the program `timetables` takes it."""
        dice = self.dice
        commitment = {"Name": "second-opinion", "ModelId": "amazon.nova-lite-v1:0:24k"}
        if self.chance(0.6):
            commitment["ModelUnits"] = self.units()
        if self.chance(0.9):
            commitment["LeadTime"] = dice.choice(LEADS)
        if self.chance(0.97):
            timetable = {"Timezone": self.zone, "Windows": self.some(5, self.window)}
            if self.chance(0.4):
                timetable["Holidays"] = self.some(3, self.holiday)
            if self.chance(0.5):
                timetable["Exceptions"] = self.some(4, self.exception)
            commitment["Timetable"] = timetable
        noon = datetime(self.anchor.year, self.anchor.month, self.anchor.day, 12, tzinfo=UTC)
        start = round(noon.timestamp()) - dice.randint(1, 3) * 86400 + dice.randrange(1440) * 60
        # Now and then far enough for what comes only once a year.
        length = 60 if self.chance(0.02) else dice.randint(2, 6)
        question = {"Commitment": commitment, "From": start, "To": start + length * 86400}
        if self.chance(0.1):
            question["Hold"] = dice.choice(["On", "Off"])
        if self.chance(0.25):
            until = start + dice.choice([dice.randrange(1, 7 * 1440) * 60, dice.randrange(1, 7 * 86400)])
            question["Override"] = {"State": dice.choice(["On", "Off"]), "Until": until}
            if question["Override"]["State"] == "On" and self.chance(0.5):
                question["Override"]["ModelUnits"] = dice.randint(1, 9)
        question["Instants"] = [dice.randrange(start, question["To"]) for _ in range(6)]
        return question
