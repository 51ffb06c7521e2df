"""The arithmetic of the desk bench: what is missed is told, noise is not."""
from bench import desk


def _measured(median, queries=5, answer=1):
    return desk.Measured(median, median, queries, answer)


def _question(**values):
    return desk.Question(**{"name": "rare", "title": "search", "people": ("administrator",), "reach": 300, **values})


def test_within_reach_at_every_size():
    assert desk.missed(_question(), "administrator", {10_000: _measured(4), 1_000_000: _measured(7)}) == []


def test_too_slow_at_one_size():
    [sentence] = desk.missed(_question(), "administrator", {10_000: _measured(200), 1_000_000: _measured(301)})

    assert sentence == "search, administrator, 1,000,000 tickets: 301 ms instead of at most 300"


def test_what_takes_no_time_does_not_grow():
    by_size = {10_000: _measured(1), 1_000_000: _measured(19)}

    assert desk.growth(by_size) is None
    assert desk.missed(_question(), "administrator", by_size) == []


def test_what_people_do_all_day_must_not_grow():
    by_size = {10_000: _measured(10), 1_000_000: _measured(25)}

    [sentence] = desk.missed(_question(), "administrator", by_size)
    assert "2.5 times as long" in sentence
    assert desk.missed(_question(grows=True), "administrator", by_size) == []


def test_more_queries_with_more_tickets_is_a_miss():
    [sentence] = desk.missed(_question(), "administrator", {10_000: _measured(1, 5), 1_000_000: _measured(1, 6)})

    assert "5 queries with 10,000 tickets, 6 with 1,000,000" in sentence


def test_queries_of_a_search_that_found_nothing_are_no_measure_for_one_that_found():
    by_size = {10_000: _measured(1, 4, answer=0), 100_000: _measured(1, 6), 1_000_000: _measured(1, 6)}
    grown = {**by_size, 1_000_000: _measured(1, 7)}

    assert desk.missed(_question(), "administrator", by_size) == []
    [sentence] = desk.missed(_question(), "administrator", grown)
    assert "6 queries with 100,000 tickets, 7 with 1,000,000" in sentence


def test_the_table_has_a_line_for_each_question_and_person():
    question = _question(name="common", people=("refused_few", "administrator"), oca="text_common", grows=True)
    rows = {(question, person): {10_000: _measured(5), 100_000: _measured(400)} for person in question.people}

    lines = desk.table(rows, [10_000, 100_000], {"common": {10_000: _measured(50)}})

    assert lines[2] == "| search | all but few clients | 5.0 | 400.0 | 80.0 | 5 | 1 | – | ≤ 300 | NO |"
    assert lines[3] == "| search | administrator | 5.0 | 400.0 | 80.0 | 5 | 1 | 50.0 | ≤ 300 | NO |"
