from odoo.tests import tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestTicketMerge(PsaBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.survivor = cls.ticket
        cls.merged = cls._new_ticket("Printer jams again")

    def _merge(self, merged=None, **options):
        (merged or self.merged).with_user(self.dispatcher)._merge(
            self.survivor.with_user(self.dispatcher), **options
        )

    def test_open_time_moves_and_approved_time_keeps_its_ledger_row(self):
        draft, submitted, approved = self._log(30, ticket=self.merged), self._log(15, ticket=self.merged), self._log(
            60, ticket=self.merged
        )
        submitted.action_psa_submit()
        items = self._approve(approved)
        amount = items.amount

        self._merge()

        self.assertEqual((draft | submitted).psa_ticket_id, self.survivor)
        self.assertEqual((draft.psa_approval_state, submitted.psa_approval_state), ("draft", "submitted"))
        self.assertEqual(approved.psa_ticket_id, self.merged)
        self.assertRecordValues(items, [{"ticket_id": self.merged.id, "amount": amount, "state": "pending"}])
        self.assertEqual(self._items_of(approved), items)

    def test_no_time_is_lost_or_counted_twice(self):
        self._log(30)
        self._log(30, ticket=self.merged)
        self._approve(self._log(60, ticket=self.merged))
        part = self._new_ticket("A part")
        part.parent_id = self.survivor
        self._log(15, ticket=part)
        everything = self.env["account.analytic.line"].search([("psa_ticket_id", "!=", False)])
        before = sum(everything.mapped("unit_amount"))

        self._merge()

        self.env.invalidate_all()
        self.assertEqual(sum(everything.mapped("unit_amount")), before)
        self.assertEqual(self.survivor.psa_worked_hours, 1.0)
        self.assertEqual(self.merged.psa_worked_hours, 1.0)
        self.assertEqual(self.survivor.psa_family_worked_hours, 2.25)
        self.assertTrue(self.survivor.psa_has_family_time)
        self.assertEqual(part.psa_family_worked_hours, 0.25)

    def test_moved_time_can_be_approved_and_billed_once(self):
        line = self._log(60, ticket=self.merged)
        self._merge()

        items = self._approve(line)

        self.assertRecordValues(items, [{"ticket_id": self.survivor.id, "client_id": self.client.id}])

    def test_taking_a_merger_back_moves_open_time_only(self):
        draft, later = self._log(30, ticket=self.merged), self._log(45, ticket=self.merged)
        self._merge()
        self._approve(later)

        self.merged.with_user(self.dispatcher).action_unmerge()

        self.assertEqual(draft.psa_ticket_id, self.merged)
        self.assertEqual(later.psa_ticket_id, self.survivor)

    def test_time_of_another_client_is_not_charged_to_the_survivors(self):
        other = self.env["res.partner"].create({"name": "Quarry", "is_company": True, "psa_is_client": True})
        stranger = self._new_ticket("Of Quarry", client=other)
        line = self._log(30, ticket=stranger)

        self._merge(stranger, allow_strangers=True)

        self.assertEqual((line.psa_ticket_id, line.partner_id), (stranger, other))
        self.assertEqual(self.survivor.psa_family_worked_hours, 0.5)

    def test_timers_go_on_with_the_survivor(self):
        mine = self.env["psa.work.timer"].create({"ticket_id": self.merged.id, "user_id": self.technician.id, "seconds_before": 60})
        theirs, there = self.env["psa.work.timer"].create(
            [
                {"ticket_id": self.merged.id, "user_id": self.colleague.id, "seconds_before": 100},
                {"ticket_id": self.survivor.id, "user_id": self.colleague.id, "seconds_before": 20},
            ]
        )

        self._merge()

        self.assertEqual(mine.ticket_id, self.survivor)
        self.assertFalse(theirs.exists())
        self.assertEqual(there.seconds_before, 120)
