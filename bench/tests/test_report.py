"""The bench's own arithmetic: a reach that is missed must be told."""
import ast
from pathlib import Path

from bench import report

SIDES = Path(report.__file__).parent / "sides"


def _measured(seconds, queries, pages=None):
    return report.Measurement(tuple(seconds), tuple(queries), pages)


def _row(scenario="create_one", tickets=10_000, **sides):
    known = {item.name: item for item in report.SCENARIOS}
    return report.Row(known[scenario], tickets, sides)


def test_ratio_compares_medians():
    row = _row(psa=_measured([1, 2, 30], [9]), oca=_measured([4, 4, 4], [30]))

    assert row.ratio("oca") == 0.5
    assert row.ratio("bare") is None


def test_a_batch_is_judged_per_ticket():
    good = _row("create_batch", psa=_measured([1], [150]), oca=_measured([1], [1600]))
    bad = _row("create_batch", psa=_measured([1], [151]), oca=_measured([1], [1600]))

    assert not good.missed()
    assert "1.51 queries" in bad.missed()[0]


def test_more_queries_than_oca_is_a_miss_whatever_the_time():
    row = _row("count", psa=_measured([0.1], [2]), oca=_measured([9], [1]))

    assert row.missed() == ["count at 10,000 tickets: 2 queries, OCA needs 1"]


def test_counts_that_do_not_repeat_are_a_miss():
    row = _row("count", psa=_measured([1, 1], [1, 2]), oca=_measured([1, 1], [2, 2]))

    assert "do not repeat: [1, 2]" in row.missed()[0]


def test_pages_that_grow_with_the_table_are_a_miss_for_what_must_be_flat():
    small = _row("name_search", 10_000, psa=_measured([1], [1], 20), oca=_measured([1], [1], 500))
    scanning = _row("name_search", 100_000, psa=_measured([1], [1], 200), oca=_measured([1], [1], 5000))
    flat = _row("name_search", 100_000, psa=_measured([1], [1], 24), oca=_measured([1], [1], 5000))

    assert report.all_missed([small, scanning]) == [
        "name search: touches 20 pages at 10,000 tickets, 200 at 100,000"
    ]
    assert report.all_missed([small, flat]) == []


def test_query_counts_must_not_grow_with_the_number_of_tickets():
    small = _row("portal_list", 10_000, psa=_measured([1], [20]), oca=_measured([1], [34]))
    large = _row("portal_list", 100_000, psa=_measured([1], [21]), oca=_measured([1], [34]))

    assert report.growth_missed([small, large]) == ["portal list page: 20 queries at 10,000 tickets, 21 at 100,000"]


def test_slow_times_are_remarked_but_never_a_failure():
    row = _row(psa=_measured([10], [10]), oca=_measured([1], [30]), bare=_measured([1], [10]))

    assert row.missed() == []
    assert len(report.remarks([row])) == 2


def test_the_table_shows_every_row_and_marks_the_missed_one():
    rows = [
        _row(psa=_measured([1], [10]), oca=_measured([2], [30]), bare=_measured([1], [10])),
        _row("mail_in", psa=_measured([1], [40]), oca=_measured([2], [48])),
    ]

    lines = report.table(rows).splitlines()

    assert lines[2].startswith("| create one ticket | 10,000 | 0.50 | 1.00 | 10 | 30 | 10 |")
    assert lines[2].endswith("| yes |")
    assert lines[3].endswith("| **no** |")


def test_a_page_of_results_says_what_was_missed():
    page = report.page("Help desk", "on a quiet day", ["| a |", "|---|"], ["create: too slow"])

    assert page == (
        "# Help desk, latest saved run\n\nMeasured on a quiet day; see ../README.md for how to read it.\n\n| a |\n|---|\n\n"
        "- **missed**: create: too slow\n"
    )
    assert report.page("Help desk", "on a quiet day", ["| a |"], []).endswith("| a |\n")


def test_every_side_can_be_started():
    """Read, not imported: the sides need Odoo, these tests do not."""
    made = {
        node.name
        for path in SIDES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(
            isinstance(line, ast.Assign) and line.targets[0].id == "name" and line.value.value for line in node.body)
    }
    [listed] = [
        node.value for node in ast.parse((SIDES / "__init__.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "SIDES"
    ]
    assert {name.id for name in ast.walk(listed.generators[0].iter) if isinstance(name, ast.Name)} == made
