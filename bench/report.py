"""What is measured, what is to be reached, and the table: pure functions over the measurements."""
from dataclasses import dataclass, field
from statistics import median

SIDES = ("psa", "oca", "bare")


@dataclass(frozen=True)
class Scenario:
    """A thing people do all day, and how well it is to be done.

    :param unit: by how many tickets one run is divided
    :param max_queries: the most queries per unit that ours may take
    :param max_bare_ratio: how many times as long as a bare model ours should take at most (told, not enforced)
    :param flat: cost must not grow with the number of tickets
    :param runs: runs per turn
    :param growing: repeated at every size
    """

    name: str
    title: str
    unit: int = 1
    max_queries: float | None = None
    max_bare_ratio: float | None = None
    flat: bool = False
    runs: int = 10
    growing: bool = False
    sides: tuple = SIDES


SCENARIOS = (
    Scenario("create_one", "create one ticket", max_queries=18, max_bare_ratio=1.6),
    Scenario("create_batch", "create a batch of 100, per ticket", unit=100, max_queries=1.5, max_bare_ratio=3, runs=1),
    Scenario("mail_in", "mail in", max_queries=34, runs=5),
    Scenario("portal_list", "portal list page", max_queries=22, runs=5, sides=("psa", "oca"), growing=True),
    Scenario("first_page", "list of 80", flat=True, growing=True),
    Scenario("count", "count", growing=True),
    Scenario("group_by_stage", "group by stage", growing=True),
    Scenario("name_search", "name search", flat=True, growing=True),
)
# Pages of a B-tree or of an inverted index grow with the logarithm of the table; a scan grows with the table.
FLAT_FACTOR = 2.0


@dataclass(frozen=True)
class Measurement:
    """All runs of a scenario on one side at one size."""

    seconds: tuple
    queries: tuple
    pages: int | None = None

    @property
    def time(self):
        return median(self.seconds)

    @property
    def count(self):
        return max(self.queries)

    @property
    def steady(self):
        return len(set(self.queries)) == 1


@dataclass
class Row:
    """A scenario at a size, with the measurement of each side."""

    scenario: Scenario
    tickets: int
    sides: dict = field(default_factory=dict)

    def ratio(self, other):
        if other not in self.sides:
            return None
        return self.sides["psa"].time / self.sides[other].time

    def per_unit(self, side):
        return self.sides[side].count / self.scenario.unit if side in self.sides else None

    def missed(self):
        """What of the reach is missed, as sentences; counts only, because times vary with the machine's mood."""
        missed = []
        title = f"{self.scenario.title} at {self.tickets:,} tickets"
        for side, measurement in self.sides.items():
            if side == "psa" and not measurement.steady:
                missed.append(f"{title}: query counts do not repeat: {sorted(set(measurement.queries))}")
        ours, theirs = self.per_unit("psa"), self.per_unit("oca")
        if ours is None:
            return missed
        if self.scenario.max_queries is not None and ours > self.scenario.max_queries:
            missed.append(f"{title}: {ours:g} queries, at most {self.scenario.max_queries:g} are allowed")
        if theirs is not None and ours > theirs:
            missed.append(f"{title}: {ours:g} queries, OCA needs {theirs:g}")
        return missed


def growth_missed(rows):
    """What grows with the number of tickets although it must not."""
    missed = []
    by_scenario = {}
    for row in rows:
        if "psa" in row.sides:
            by_scenario.setdefault(row.scenario, []).append(row)
    for scenario, group in by_scenario.items():
        small, large = min(group, key=lambda row: row.tickets), max(group, key=lambda row: row.tickets)
        if small is large:
            continue
        before, after = small.sides["psa"], large.sides["psa"]
        if after.count > before.count:
            missed.append(f"{scenario.title}: {before.count} queries at {small.tickets:,} tickets, {after.count} at {large.tickets:,}")
        if scenario.flat and before.pages and after.pages > before.pages * FLAT_FACTOR:
            missed.append(
                f"{scenario.title}: touches {before.pages} pages at {small.tickets:,} tickets, {after.pages} at {large.tickets:,}"
            )
    return missed


def all_missed(rows):
    return [sentence for row in rows for sentence in row.missed()] + growth_missed(rows)


def remarks(rows):
    """Times worth a word: never a failure, see above."""
    said = []
    for row in rows:
        title = f"{row.scenario.title} at {row.tickets:,} tickets"
        bare, oca = row.ratio("bare"), row.ratio("oca")
        if bare is not None and row.scenario.max_bare_ratio and bare > row.scenario.max_bare_ratio:
            said.append(f"{title}: {bare:.2f} times the bare model, {row.scenario.max_bare_ratio:g} is aimed at")
        if oca is not None and oca > 1:
            said.append(f"{title}: slower than OCA in this run ({oca:.2f})")
    return said


def table(rows):
    """The result as a Markdown table."""
    lines = [
        "| scenario | tickets | ours ÷ OCA | ours ÷ bare | queries: ours | OCA | bare | pages: ours | OCA | bare | reach | met |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|:-:|",
    ]
    grown = growth_missed(rows)
    for row in rows:
        scenario = row.scenario
        reach = []
        if scenario.max_queries is not None:
            reach.append(f"≤ {scenario.max_queries:g}")
        if scenario.flat:
            reach.append("flat")
        reach.append("≤ OCA")
        ok = not row.missed() and not any(sentence.startswith(f"{scenario.title}:") for sentence in grown)
        cells = [
            scenario.title,
            f"{row.tickets:,}",
            *(_ratio(row.ratio(side)) for side in ("oca", "bare")),
            *(_number(row.per_unit(side)) for side in SIDES),
            *(_number(row.sides[side].pages if side in row.sides else None) for side in SIDES),
            ", ".join(reach),
            "yes" if ok else "**no**",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _ratio(value):
    return "–" if value is None else f"{value:.2f}"


def _number(value):
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def page(title, measured, lines, missed):
    """Return a page of results.

    :param measured: of what and how, as the end of "Measured on <day> …"
    :param lines: the tables
    :param missed: what of the reach was missed, as sentences
    """
    text = [
        f"# {title}, latest saved run", "", f"Measured {measured}; see ../README.md for how to read it.", "", *lines, "",
        *(f"- **missed**: {sentence}" for sentence in missed),
    ]
    return "\n".join(text).rstrip() + "\n"
