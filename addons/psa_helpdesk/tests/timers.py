"""What tests of timers need: a kind of their own, and the sweep at a time of their choice."""

from contextlib import nullcontext
from unittest.mock import patch

from freezegun import freeze_time


def add_kind(test, kind, fire):
    """Have timers of a kind do ``fire(timers)`` during a test."""
    def fire_kind(timers):
        fire(timers)

    test.startPatcher(patch.object(test.registry["psa.timer"], f"_fire_{kind}", fire_kind, create=True))


def sweep(test, at=None):
    """Run the scheduled action that fires timers, as the scheduler does; at another time than now if one is given."""
    with freeze_time(at) if at else nullcontext(), test.enter_registry_test_mode():
        test.env.ref("psa_helpdesk.ir_cron_fire_timers").method_direct_trigger()
    test.env.invalidate_all()
