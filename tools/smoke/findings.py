"""Which rows of docs/aws-facts.md can one purchase settle, and what was seen of each?"""

from dataclasses import dataclass

NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Row:
    """A row that is marked U or I, or has a U or I in it. `words` are its own, so that a test can look it up."""

    mark: str
    words: str
    question: str
    # Why this program leaves it open, if it does.
    left: str = ""


ROWS = {
    "early": Row("U", "While `Creating`: U (expect", "Can a throughput be deleted while it is `Creating`?"),
    "token": Row(
        "U",
        "when the throughput of the first request is gone by then: U",
        "What does a token do whose throughput is gone?",
    ),
    "name": Row("I", "The name is unique per account and Region", "Is a second purchase of the same name refused?"),
    "lag": Row(
        "U", "It is unknown how long List, Get and tags lag", "How long do reads lag, and do they go back and forth?"
    ),
    "unready": Row(
        "U", "It is unknown if a route is refused to a throughput", "Is a route refused to what is not in service?"
    ),
    "fit": Row(
        "I", "A throughput fits an agent version when", "Does the alias take a throughput of its version's model?"
    ),
    "back": Row(
        "I", "Back to on-demand: the version without", "Does the version alone take the throughput off the alias?"
    ),
    "term": Row("U", "class and text U", "How is a deletion refused before a term's end?", "it would need a term"),
    "hour": Row(
        "U",
        "whether a started hour is rounded up is U",
        "Is a started hour billed whole?",
        "see the bill in some days",
    ),
    "version": Row("I", "(I: likewise without", "Does a route without a version make one?", "it would move the alias"),
    "gone": Row(
        "U",
        "behind an alias whose throughput is gone",
        "What does an agent do without it?",
        "it would break the alias",
    ),
}


class Findings:
    """What was seen, by the name of the row."""

    def __init__(self):
        self.seen = {}
        self.settled = set()

    def settle(self, row, text):
        self.settled.add(row)
        self.note(row, text)

    def note(self, row, text):
        """Something was seen that does not settle the row, or not alone."""
        self.seen.setdefault(row, []).append(text)

    def table(self):
        """A table in Markdown, as the issue form takes it."""
        lines = ["| mark | question | settled | seen |", "| --- | --- | --- | --- |"]
        for name, row in ROWS.items():
            seen = "; ".join(self.seen.get(name, [])) or (f"{NOT_TRIED}: {row.left}" if row.left else NOT_TRIED)
            lines.append(
                f"| {row.mark} | {row.question} | {'yes' if name in self.settled else 'no'} "
                f"| {seen.replace('|', '/')} |"
            )
        return "\n".join(lines)
