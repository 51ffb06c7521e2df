"""Each process takes the next test class when it is done with one: none is lost, none runs twice, and set-ups are made seldom."""
import collections
import os

from launcher.sharing_out import Shares, choose

COMMON, MORE, BOOKS = ("common",), ("common", "more"), ("books",)
CLASSES = {
    "TestLogin": (3, ()), "TestSmall": (2, COMMON), "TestLarge": (30, COMMON), "TestMore": (5, MORE), "TestInvoice": (20, BOOKS),
}


def test_the_first_takes_the_largest_class_of_what_has_most_tests():
    assert choose(CLASSES, (), []) == "TestLarge"


def test_who_comes_second_begins_with_another_set_up_unless_there_is_much_more_of_the_first():
    assert choose(CLASSES, (), [COMMON]) == "TestInvoice"
    assert choose({**CLASSES, "TestHuge": (300, COMMON)}, (), [COMMON]) == "TestHuge"


def test_who_has_made_a_set_up_stays_with_it():
    left = {name: about for name, about in CLASSES.items() if name != "TestLarge"}

    assert choose(left, COMMON, [COMMON]) in {"TestSmall", "TestMore"}
    assert choose(left, MORE, []) == "TestMore"
    assert choose({"TestLogin": (3, ()), "TestInvoice": (20, BOOKS)}, MORE, []) == "TestInvoice"


def test_each_class_is_taken_once():
    shares = Shares({f"Test{number}": (number, COMMON) for number in range(200)})
    children = []
    for process in range(3):
        child = os.fork()
        if not child:
            while shares.take(process):
                pass
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0

    counted = collections.Counter(name for _process, name in shares.taken())
    assert set(counted) == set(shares.classes)
    assert set(counted.values()) == {1}
    assert shares.take(0) is None
