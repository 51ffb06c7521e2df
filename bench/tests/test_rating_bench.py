"""The arithmetic of the bench of rating, and that it measures what it says."""
from bench import rating


def test_within_reach():
    assert rating.missed({1_000: 20_000.0, 100_000: 35_000.0}) == []


def test_slowness_is_told():
    assert rating.missed({1_000: 30_000.0, 100_000: 19_999.0}) == [
        "100,000 entries: 19,999 rated a second instead of at least 20,000",
    ]


def test_the_history_has_all_kinds_of_funding():
    speeds, rows = rating.measure(20_000, rounds=1)

    assert set(rows) == set(rating.WORDS)
    assert rating.table({20_000: (speeds, rows)})[-1].startswith("| 20,000 | ")
