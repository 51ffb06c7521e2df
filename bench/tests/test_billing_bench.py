"""The arithmetic of the bench of invoices."""
from bench import billing


def row(**values):
    return billing.Row(1, 500, plain=[10.0, 12.0, 11.0], plan=[1.0, 1.0, 1.0], post=[10.0, 11.0, 10.0], two=[5.0, 6.0, 5.5], **values)


def test_within_reach():
    assert billing.missed([row()]) == []


def test_what_is_too_slow_is_told():
    slow = row()
    slow.post = [14.0, 14.0, 14.0]
    slow.two = [10.0, 10.0, 10.0]

    floor, two = billing.missed([slow])

    assert floor == "1 rows a line: 0.73 of the speed of the invoices alone, instead of at least 0.9"
    assert two == "1 rows a line: two workers are 1.40 times as fast as one, instead of at least 1.7"


def test_the_table_tells_milliseconds_an_invoice():
    *_head, line = billing.table([row(oca=[20.0, 22.0, 21.0], queries=1000)])

    assert line == "| 1 | 500 | 22.0 | 22.0 | 2.0 | 1.00 | yes | 11.0 | 1.83 | yes | 42.0 | 0.52 | 2.0 |"


def test_months_follow_each_other():
    months = billing._months()

    assert [next(months) for _number in range(3)] == ["2020-01-01", "2020-02-01", "2020-03-01"]
    assert billing._last_day("2020-02-01") == "2020-02-29"
