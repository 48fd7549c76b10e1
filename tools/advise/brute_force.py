"""Proposals of `throughput advise` beside the best of all timetables of a small grid, counted by code of its own.

    brute_force.py THROUGHPUT [--seed SEED] [--cases CASES]

Each kind of case has a grid that is small enough to try every timetable on it:

  blocks   21 blocks of 8 hours, each on or off, and each size for all: 2^21 timetables
  hours    one or two windows on the days of an office, at any hours: some 12,000
  sizes    7 days, each off or of one to three sizes: 4^7

The proposal must not cost more than 3 % above the best that the grid has within five windows, nor more than the best of on
demand, always on, a term and plain business hours. Its cost as the command says it must be the cost that is counted here.
"""

import argparse
import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np

HOURS, WEEKS = 168, 2
FIRST = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
MOST = Fraction(103, 100)
OFFICE = [day * 24 + hour for day in range(5) for hour in range(8, 20)]


class Case:
    """Demand of each hour of a week in tokens, a fifth of them out, and what is paid."""

    def __init__(self, kind, demand, *, capacity, unit_price, lead, drain):
        self.kind, self.demand, self.capacity = kind, demand, capacity
        self.input_price, self.output_price, self.unit_price = Fraction(3), Fraction(15), unit_price
        self.term_price = unit_price * Fraction(7, 10)
        self.lead, self.drain = lead, drain
        self.on_demand = [
            (self.input_price * (tokens - tokens // 5) + self.output_price * (tokens // 5)) / 10**6 for tokens in demand
        ]
        self.most = max(1, ceil(Fraction(max(demand), 60 * capacity)))
        self.allowed = Fraction(sum(demand), 100)

    def unserved(self, hour, units):
        return max(0, self.demand[hour] - units * self.capacity * 60)

    def csv(self):
        lines = ["Start,InputTokens,OutputTokens,Invocations,Throttles"]
        for n in range(HOURS * WEEKS):
            tokens = self.demand[n % HOURS]
            start = FIRST + timedelta(hours=n)
            lines.append(f"{start:%Y-%m-%dT%H:%M:%SZ},{tokens - tokens // 5},{tokens // 5},{tokens // 1000},0")
        return "\n".join(lines) + "\n"

    def cost(self, units):
        """A week with these units by hour, or nothing if it serves too little."""
        left = sum(self.unserved(hour, size) for hour, size in enumerate(units) if size)
        if left > self.allowed:
            return None
        outside = sum(cost for cost, size in zip(self.on_demand, units, strict=True) if not size)
        return outside + self.unit_price * self.billed(units)

    def billed(self, units):
        """Model units times hours of one of many equal weeks, minute by minute of the clock, not of a formula."""
        weeks = 4
        wanted = units * weeks
        ends = len(wanted) * 60
        # What is held: the largest that is wanted from now until the lead later. It changes at these minutes alone.
        edges = [hour * 60 for hour in range(len(wanted)) if wanted[hour] != wanted[hour - 1]]
        edges = sorted({0, *edges, *(edge - self.lead for edge in edges if edge >= self.lead)})
        held = []
        for minute in edges:
            until = min(minute + self.lead, ends - 1)
            size = max(wanted[minute // 60 : until // 60 + 1])
            if not held or held[-1][1] != size:
                held.append((minute, size))
        purchases = defaultdict(list)
        for (start, size), following in zip(held, [*held[1:], (ends, None)], strict=True):
            if not size:
                continue
            end, then = following
            kept = 0 if then is None else self.drain if then == 0 else self.lead + self.drain
            mine = purchases[size]
            if mine and start <= mine[-1][1]:
                mine[-1][1] = end + kept
            else:
                mine.append([start, end + kept])
        # The third week is like any other.
        first, last = 2 * HOURS * 60, 3 * HOURS * 60
        hours = 0
        for size, bought in purchases.items():
            for start, end in bought:
                begun = range(start, min(end, last), 60)
                hours += size * sum(1 for minute in begun if first <= minute)
        return hours


def windows_of(units):
    """How many windows declare these hours: stretches with the same hours on several days are one."""
    if all(size == units[0] for size in units):
        return 1
    kinds = set()
    for start in range(HOURS):
        if units[start] and units[start] != units[start - 1]:
            length = next(n for n in range(1, HOURS) if units[(start + n) % HOURS] != units[start])
            day = start // 24 if length > 24 or (length == 24 and start % 24) else None
            kinds.add((start % 24, length, units[start], day))
    return len(kinds)


def read(answer):
    """Units by hour of a proposed timetable."""
    usual = answer["ModelUnits"] or 1
    units = [0] * HOURS
    for window in answer["Timetable"]["Windows"]:
        text, size = (window, usual) if isinstance(window, str) else (window["Window"], window["ModelUnits"])
        span = re.fullmatch(r"(\w+) (\d\d):00 - (\w+) (\d\d):00", text)
        if span:
            start = DAYS.index(span[1]) * 24 + int(span[2])
            end = DAYS.index(span[3]) * 24 + int(span[4])
            stretches = [(start, (end - start - 1) % HOURS + 1)]
        else:
            days, opens, closes = re.fullmatch(r"(\S+) (\d\d):00-(\d\d):00", text).groups()
            length = (int(closes) - int(opens) - 1) % 24 + 1
            stretches = [(day * 24 + int(opens), length) for day in listed(days)]
        for start, length in stretches:
            for hour in range(start, start + length):
                units[hour % HOURS] = max(units[hour % HOURS], size)
    return units


def listed(days):
    if days == "Daily":
        return range(7)
    found = []
    for part in days.split(","):
        first, _, last = part.partition("-")
        first = DAYS.index(first)
        last = DAYS.index(last) if last else first
        found += [(first + n) % 7 for n in range((last - first) % 7 + 1)]
    return found


def blocks(case):
    """The best of all that is on or off by 8 hours."""
    per = [sum(case.on_demand[8 * block : 8 * block + 8]) for block in range(21)]
    scale = 10**6
    cost = np.array([int(part * scale) for part in per], dtype=np.int64)
    patterns = np.arange(1 << 21, dtype=np.int64)
    around = ((patterns << 1) | (patterns >> 20)) & ((1 << 21) - 1)
    runs = np.bitwise_count(patterns & ~around).astype(np.int64)
    hours = np.bitwise_count(patterns).astype(np.int64) * 8 + runs * ceil(Fraction(case.lead + case.drain, 60))
    outside, best = np.zeros(1 << 21, dtype=np.int64), None
    for block in range(21):
        outside += np.where(patterns >> block & 1, 0, cost[block])
    for size in range(1, case.most + 1):
        left = np.zeros(1 << 21, dtype=np.int64)
        for block in range(21):
            over = sum(case.unserved(hour, size) for hour in range(8 * block, 8 * block + 8))
            left += np.where(patterns >> block & 1, over, 0)
        total = outside + hours * int(case.unit_price * size * scale)
        total[left > int(case.allowed)] = np.iinfo(np.int64).max
        for pattern in np.argsort(total, kind="stable")[:5000]:
            units = [size if int(pattern) >> (hour // 8) & 1 else 0 for hour in range(HOURS)]
            if windows_of(units) <= 5:
                found = case.cost(units)
                if found is not None and (best is None or found < best[0]):
                    best = (found, units)
                break
    return best


def hours(case):
    """The best of one or two windows on Mon-Fri, none past midnight."""
    best = None
    parts = [sum(case.on_demand[day * 24 + hour] for day in range(5)) for hour in range(24)]
    rest = sum(case.on_demand) - sum(parts)
    around = ceil(Fraction(case.lead + case.drain, 60))
    sums = [0, *itertools.accumulate(parts)]
    ends = [(a, b) for a in range(24) for b in range(a + 1, 25)]
    for size in range(1, case.most + 1):
        price = size * case.unit_price * 5
        over = [sum(case.unserved(day * 24 + hour, size) for day in range(5)) for hour in range(24)]
        lost = [0, *itertools.accumulate(over)]
        choices = []
        for a, b in ends:
            choices.append((sums[b] - sums[a] - price * (b - a + around), lost[b] - lost[a], (a, b)))
            for c, d in ends:
                if c > b:
                    saved = sums[b] - sums[a] + sums[d] - sums[c] - price * (b - a + d - c + 2 * around)
                    choices.append((saved, lost[b] - lost[a] + lost[d] - lost[c], (a, b, c, d)))
        # The gap between two windows may be bridged: what is counted above is no less.
        choices.sort(key=lambda choice: -choice[0])
        for saved, left, edges in choices[:200]:
            if left > case.allowed:
                continue
            units = [0] * HOURS
            for start, end in zip(edges[::2], edges[1::2], strict=True):
                for day in range(5):
                    units[day * 24 + start : day * 24 + end] = [size] * (end - start)
            found = case.cost(units)
            if found is not None and (best is None or found < best[0]):
                best = (found, units)
    return best if best and best[0] < rest + sum(parts) else (sum(case.on_demand), [0] * HOURS)


def sizes(case):
    """The best of all that has one size, or none, each day."""
    best = None
    per = [sum(case.on_demand[24 * day : 24 * day + 24]) for day in range(7)]
    for days in itertools.product(range(min(case.most, 3) + 1), repeat=7):
        # It cannot cost less than its hours without leads and drains.
        least = sum(cost for cost, size in zip(per, days, strict=True) if not size)
        least += case.unit_price * 24 * sum(days)
        if best is not None and least >= best[0]:
            continue
        units = [size for size in days for _ in range(24)]
        if windows_of(units) > 5:
            continue
        found = case.cost(units)
        if found is not None and (best is None or found < best[0]):
            best = (found, units)
    return best


def made(kind, number):
    """A random case of a kind."""
    random.seed(f"{kind}/{number}")
    capacity = random.choice([20_000, 50_000, 100_000])
    full = capacity * 60
    levels = [0, 0, full // 50, full // 4, full // 2, full * 9 // 10]
    if kind == "blocks":
        if random.random() < 0.5:
            levels.append(full * 19 // 10)
        demand = [tokens for _ in range(21) for tokens in [random.choice(levels)] * 8]
    elif kind == "hours":
        day = [random.choice(levels) for _ in range(6) for _ in range(4)]
        day = [random.choice(levels[2:]) if random.random() < 0.1 else tokens for tokens in day]
        demand = day * 5 + [0] * 48
    else:
        levels = [0, full // 20, full // 2, full * 9 // 10, full * 19 // 10, full * 28 // 10]
        demand = [tokens for _ in range(7) for tokens in [random.choice(levels)] * 24]
    busy = Fraction(full * 54, 10**7)  # what a full unit's hour costs on demand
    unit_price = Fraction(round(busy * random.randrange(15, 90)), 100)
    lead, drain = random.choice([(60, 5), (30, 0), (60, 0), (120, 15), (45, 30)])
    return Case(kind, demand, capacity=capacity, unit_price=max(unit_price, Fraction(1, 100)), lead=lead, drain=drain)


def asked(program, case, directory):
    file = directory / "usage.csv"
    file.write_text(case.csv())
    words = {
        "--file": file,
        "--input-price": float(case.input_price),
        "--output-price": float(case.output_price),
        "--unit-price": decimal(case.unit_price),
        "--term-price": decimal(case.term_price),
        "--tokens-per-minute": case.capacity,
        "--lead": f"{case.lead}m",
        "--drain": f"{case.drain}m",
        "--format": "json",
    }
    done = subprocess.run([program, "advise", *(str(word) for pair in words.items() for word in pair)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{program} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def decimal(price):
    return f"{float(price):.6f}".rstrip("0").rstrip(".")


def judge(case, answer):
    """How much dearer the verdict and the timetable are than the best, and what is wrong."""
    units = read(answer)
    counted = case.cost(units)
    wrong = []
    if counted is None:
        wrong.append("the timetable serves too little")
    elif abs(float(counted) - answer["Costs"]["Timetable"]) > 0.01:
        wrong.append(f"the timetable costs {float(counted):.4f}, not {answer['Costs']['Timetable']}")
    always = next(size for size in range(1, case.most + 1) if case.cost([size] * HOURS) is not None)
    plain = {"OnDemand": sum(case.on_demand), "AlwaysOn": case.unit_price * HOURS * always}
    plain["Term"] = case.term_price * HOURS * always
    for name, cost in plain.items():
        if abs(float(cost) - answer["Costs"][name]) > 0.01:
            wrong.append(f"{name} costs {float(cost):.4f}, not {answer['Costs'][name]}")
    for size in range(1, case.most + 1):
        office = case.cost([size if hour in OFFICE else 0 for hour in range(HOURS)])
        if office is not None:
            plain["business hours"] = min(office, plain.get("business hours", office))
    verdict = answer["Costs"][answer["Verdict"]]
    cheapest = min(plain, key=plain.get)
    if verdict > float(plain[cheapest]) + 0.01:
        wrong.append(f"{cheapest} is cheaper: {float(plain[cheapest]):.2f}")
    best, shape = {"blocks": blocks, "hours": hours, "sizes": sizes}[case.kind](case)
    without_term = min(float(counted or 10**9), answer["Costs"]["OnDemand"], answer["Costs"]["AlwaysOn"])
    best = min(float(best), float(plain["OnDemand"]), float(plain["AlwaysOn"]))
    above = 0.0 if best == 0 else without_term / best - 1
    if above > float(MOST) - 1:
        wrong.append(f"the best is {best:.2f} ({windows_of(shape)} windows), the proposal {without_term:.2f}")
    return above, wrong


def main():
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("program")
    asking.add_argument("--seed", type=int, default=1)
    asking.add_argument("--cases", type=int, default=40)
    asking.add_argument("--kind", choices=["blocks", "hours", "sizes"], action="append")
    asking = asking.parse_args()
    bad = 0
    print("| grid | cases | equal or better | above the best, in the mean | at most | verdicts |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind in asking.kind or ["blocks", "hours", "sizes"]:
        aboves, verdicts = [], defaultdict(int)
        with tempfile.TemporaryDirectory() as directory:
            for number in range(asking.seed, asking.seed + asking.cases):
                case = made(kind, number)
                answer = asked(asking.program, case, Path(directory))
                above, wrong = judge(case, answer)
                aboves.append(above)
                verdicts[answer["Verdict"]] += 1
                for text in wrong:
                    bad += 1
                    print(f"{kind} --seed {number} --cases 1: {text}; {answer['Timetable']['Windows']}", file=sys.stderr)
        good = sum(above < 0.00005 for above in aboves)
        said = ", ".join(f"{count} {name}" for name, count in sorted(verdicts.items()))
        mean, worst = 100 * sum(max(above, 0) for above in aboves) / len(aboves), 100 * max(0, *aboves, 0)
        print(f"| {kind} | {len(aboves)} | {good} | {mean:.2f} % | {worst:.2f} % | {said} |", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
