"""What the bench of the ledger calls missed, and how it tells its numbers."""
from bench import ledger

FAST = {"grouped": 90.0, "unfolded": 40.0, "page": 60.0, "list": 120.0}


def test_within_reach():
    assert ledger.missed(100_000, 89.0, FAST) == []
    assert ledger.missed(10_000, 8.9, FAST) == []


def test_a_smaller_run_has_as_much_less_time():
    assert ledger.missed(10_000, 9.1, FAST) == ["10,000 entries took 9.1 s to be rated and stored instead of at most 9 s"]


def test_a_slow_screen_is_named():
    (sentence,) = ledger.missed(100_000, 80.0, {**FAST, "list": 1001.0})
    assert sentence == "the review without groups: the newest 80, and how many there are: 1001 ms instead of at most 1000"


def test_the_table_says_what_was_met():
    rated = {"seconds": 80.0, "queries": 700, "rows": 120_000, "clients": 200}
    lines = ledger.table(100_000, rated, {"page": {"milliseconds": [40.0, 50.0, 60.0], "queries": 9, "rows": 80}})
    assert "| 1,250 |" in lines[2]
    assert lines[2].endswith("| yes |")
    assert "| 50 | 40 | 9 |" in lines[6]
