from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import DAY, PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestStory(PsaInvoicingCommon):
    """The main job of the addon, from the stopwatch to the books and back."""

    def test_time_worked_is_approved_invoiced_posted_cancelled_and_billable_again(self):
        ticket = self.ticket.with_user(self.technician)
        start = fields.Datetime.to_datetime(DAY) + timedelta(hours=9)

        # The technician works 25 minutes, has lunch, works 13 more, and stops.
        with freeze_time(start):
            ticket.action_timer_start()
        with freeze_time(start + timedelta(minutes=25)):
            ticket.action_timer_pause()
        with freeze_time(start + timedelta(hours=2)):
            ticket.action_timer_start()
        with freeze_time(start + timedelta(hours=2, minutes=12, seconds=30)):
            action = ticket.action_timer_stop()
            wizard = (
                self.env(user=self.technician, su=False)["psa.time.log"]
                .with_context(**action["context"])
                .create({"name": "Changed the drum", "work_type_id": self.work_type.id})
            )
            self.assertAlmostEqual(wizard.hours * 60, 38, msg="37 min 30 s: a begun minute counts")
            self.assertAlmostEqual(wizard.billable_hours, 0.75)
            wizard.action_log_submit()

        line = self.ticket.psa_time_ids
        self.assertRecordValues(
            line,
            [
                {
                    "user_id": self.technician.id,
                    "partner_id": self.client.id,
                    "date": DAY,
                    "psa_billable_minutes": 45,
                    "psa_role_id": self.role_engineer.id,
                    "psa_approval_state": "submitted",
                }
            ],
        )
        self.assertFalse(self.ticket.with_user(self.technician).psa_timer_ids)

        # Billing approves the time; it is priced by the contract and locked.
        item = self._approve(line)
        self.assertRecordValues(
            item,
            [
                {
                    "state": "pending",
                    "contract_id": self.contract.id,
                    "worked_minutes": 38,
                    "minutes": 45,
                    "hourly_rate": 100.0,
                    "amount": 75.0,
                    "client_id": self.client.id,
                }
            ],
        )
        with self.assertRaises(UserError):
            line.with_user(self.technician).name = "Something else"

        # Billing releases the row, makes the draft, and posts it.
        item.with_user(self.billing).action_approve()
        move = self._prepare()
        self.assertRecordValues(
            move,
            [
                {
                    "state": "draft",
                    "move_type": "out_invoice",
                    "partner_id": self.client.id,
                    "amount_untaxed": 75.0,
                    "invoice_origin": self.contract.display_name,
                }
            ],
        )
        text = move.invoice_line_ids.name
        for part in ("Tina Technician", self.ticket.number, "Changed the drum", "0:45 h"):
            self.assertIn(part, text)
        self.assertEqual(move.with_user(self.billing).psa_billing_item_count, 1)
        move.with_user(self.billing).action_post()
        self.assertEqual((item.state, item.move_id), ("invoiced", move))
        with self.assertRaises(UserError, msg="invoiced time cannot be unapproved"):
            line.with_user(self.billing).action_psa_unapprove()

        # The invoice was wrong: cancelled, its work can be billed again, once.
        move.with_user(self.billing).button_cancel()
        self.assertEqual((item.state, item.move_id.id), ("approved", False))
        second = self._prepare()
        self.assertEqual(second.amount_untaxed, 75.0)
        self.assertEqual(item.move_id, second)
        with self.assertRaises(UserError, msg="the first must not come back to life now"):
            move.with_user(self.billing).button_draft()
