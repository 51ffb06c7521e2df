"""The arithmetic of the bench of timers."""
from bench import clock

FAST = {"elapsed": 400_000, "due": 300_000}


def test_within_reach():
    assert clock.missed(FAST, {10_000: 40.0, 1_000_000: 59.0}) == []


def test_growth_and_slowness_are_told():
    slow, grown = clock.missed({**FAST, "due": 49_000}, {10_000: 40.0, 1_000_000: 61.0})

    assert slow == "when a budget of 30 days is used up: 49,000 a second instead of at least 50,000"
    assert "1.52 times as long with 1,000,000 open tickets" in grown


def test_one_size_says_nothing_of_growth():
    assert clock.missed(FAST, {10_000: 40.0}) == []
    lines = clock.table(FAST, {10_000: {"milliseconds": [40.0, 50.0, 60.0], "queries": 9}})
    assert lines[-1] == "| 10,000 open tickets, 30,000 timers | 50.0 | 40.0 | 9 | 1.00 | – | – |"
