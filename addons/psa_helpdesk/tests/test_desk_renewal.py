from contextlib import suppress
from unittest.mock import patch

from odoo.tests import tagged

from ..models import psa_desk_renewal
from .common import HelpdeskCommon


class Killed(BaseException):
    """The process ends: nobody catches this."""


@tagged("post_install", "-at_install")
class TestDeskRenewal(HelpdeskCommon):
    """Many tickets are open at a desk when it begins to require the severity."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.severity = cls._attribute(cls.desk, "severity")
        cls.team = cls.env.ref("psa_helpdesk.option_severity_team")
        cls.tickets = cls.env["psa.ticket"].create([
            {"name": f"Ticket {number}", "desk_id": cls.desk.id, "partner_id": cls.zoe.id} for number in range(7)
        ])
        cls.complete, cls.done = cls.tickets[3], cls.tickets[5]
        cls.complete.severity_id = cls.team
        cls.done.action_resolve()
        # The newest first.
        cls.open = (cls.tickets - cls.done).sorted("id", reverse=True)

    def setUp(self):
        super().setUp()
        self.patch(psa_desk_renewal, "AT_ONCE", 3)
        self.patch(psa_desk_renewal, "BATCH", 2)

    def _require(self, since="create"):
        self.severity.required = since
        self.env.flush_all()

    def _run(self):
        with self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_renew_incomplete").method_direct_trigger()
        self.env.invalidate_all()

    def _counters(self):
        self.env.invalidate_all()
        return self.desk.incomplete_ticket_count, self.desk.unmarked_ticket_count

    def test_few_are_marked_at_once(self):
        self.patch(psa_desk_renewal, "AT_ONCE", 6)

        self._require()

        self.assertEqual(self._counters(), (5, 0))
        self.assertFalse(self.desk.unmarked_to)

    def test_many_are_marked_in_the_background_and_the_counters_tell_how_far_it_is(self):
        triggers = self.env["ir.cron.trigger"].search_count([
            ("cron_id", "=", self.env.ref("psa_helpdesk.ir_cron_renew_incomplete").id)])

        self._require()

        self.assertEqual(self._counters(), (0, 6), "who changes the desk waits for none of them")
        self.assertEqual(self.env["ir.cron.trigger"].search_count([
            ("cron_id", "=", self.env.ref("psa_helpdesk.ir_cron_renew_incomplete").id)]), triggers + 1)
        self.assertEqual(self.env["psa.desk"]._renew_batch({}), 2)
        self.assertEqual(self._counters(), (2, 4))
        self._run()

        self.assertEqual(self._counters(), (5, 0))
        self.assertFalse(self.complete.is_incomplete)
        self.assertFalse(self.done.is_incomplete, "what is done is left alone")
        self.assertEqual(self.open[0].missing_text, "Severity")

    def test_what_is_required_is_required_at_once(self):
        self._require("resolve")

        with self.assertRaisesRegex(Exception, "Severity"), self.cr.savepoint():
            self.open[0].with_user(self.technician).action_resolve()

    def test_a_killed_run_leaves_nothing_half_done_and_the_next_goes_on(self):
        self._require()
        Desk, reached = self.env["psa.desk"], {}
        self.assertEqual([Desk._renew_batch(reached), Desk._renew_batch(reached)], [2, 2])

        with suppress(Killed), self.cr.savepoint():
            Desk._renew_batch(reached)
            raise Killed
        self.env.invalidate_all()

        self.assertEqual(self.open.filtered("is_incomplete"), self.open[:4] - self.complete, "the third batch is taken back whole")
        self.assertEqual(self.desk.unmarked_ticket_count, 2)
        real = type(self.desk)._renew_batch
        with patch.object(type(self.desk), "_renew_batch", autospec=True, side_effect=real) as again:
            self._run()
        self.assertEqual(self._counters(), (5, 0))
        self.assertLessEqual(again.call_count, 3, "what was done is not done again")
        self._run()
        self.assertEqual(self._counters(), (5, 0))

    def test_a_desk_that_changes_its_mind_meanwhile_starts_anew(self):
        self._require()
        real, turns = type(self.desk)._renew_batch, []

        def changed_meanwhile(desks, reached):
            if turns == [2]:
                desks.env["psa.desk.attribute"].browse(self.severity.id).required = "never"
            turns.append(real(desks, reached))
            return turns[-1]

        with patch.object(type(self.desk), "_renew_batch", changed_meanwhile):
            self._run()

        self.assertEqual(turns[:4], [2, 2, 2, 2], "all six after the two from before")
        self.assertEqual(self._counters(), (0, 0))
        self.assertFalse(any(self.tickets.mapped("is_incomplete")))

    def test_a_desk_with_few_tickets_left_is_not_kept_waiting(self):
        self._require()
        self.open[:3].with_user(self.technician)._accepting_incomplete().action_cancel()

        self._require("resolve")

        self.assertEqual(self._counters(), (0, 0))

    def test_a_batch_of_any_size_takes_as_many_queries(self):
        self._require()
        self.patch(psa_desk_renewal, "BATCH", 1)
        reached = {}
        self.env["psa.desk"]._renew_batch(reached)
        self._drop_caches()
        before = self.cr.sql_log_count
        self.env["psa.desk"]._renew_batch(reached)
        one = self.cr.sql_log_count - before
        self.patch(psa_desk_renewal, "BATCH", 4)
        self._drop_caches()
        before = self.cr.sql_log_count
        self.env["psa.desk"]._renew_batch(reached)

        self.assertLessEqual(self.cr.sql_log_count - before, one + 1)

    def _drop_caches(self):
        self.env.flush_all()
        self.env.invalidate_all()
