from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestLentTime(PsaBillingCommon):
    """Ida of another company stands in: Harbour Dental is lent to her to work on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls.env["res.company"].create({"name": "Fjord IT"})
        cls.ida = cls._new_user("ida.stand.in", "psa_crm.group_technician", cls.elsewhere)
        cls.client.company_id = cls.company
        cls.share = cls._lend("work")
        cls.lent = cls.ticket.with_user(cls.ida).with_context(allowed_company_ids=cls.elsewhere.ids)

    @classmethod
    def _lend(cls, level):
        share = cls.env["psa.client.share"].with_user(cls.company_admin).create({
            "client_id": cls.client.id, "receiver_code": cls.ida.psa_share_code, "level": level,
        })
        share.with_user(cls.ida).action_accept()
        return share

    def _log_by_wizard(self, hours=1.0, **values):
        return self.lent.env["psa.time.log"].create({
            "ticket_id": self.ticket.id, "hours": hours, "name": "Stood in", **values})._make_entry()

    def test_her_time_is_in_the_ledger_of_the_company_whose_client_it_is(self):
        line = self._log_by_wizard(1.0)

        line.action_psa_submit()
        line.sudo(False).with_user(self.billing).with_context(allowed_company_ids=self.company.ids).action_psa_approve()

        entry = self.env["account.analytic.line"].browse(line.id)
        self.assertEqual((entry.company_id, entry.user_id, entry.partner_id), (self.company, self.ida, self.client))
        self.assertEqual(entry.employee_id.psa_guest_user_id, self.ida)
        item = self.env["psa.billing.item"].search([("source_model", "=", line._name), ("source_id", "=", line.id)])
        self.assertEqual(item.company_id, self.company)

    def test_she_sees_and_corrects_her_own_entries_and_nobody_elses(self):
        others = self._log()
        own = self._log_by_wizard(0.5)
        Line = self.lent.env["account.analytic.line"]

        self.assertEqual(Line.search([("psa_ticket_id", "=", self.ticket.id)]).ids, own.ids)
        self.assertEqual(self.lent.psa_time_ids.ids, own.ids)
        own.write({"name": "Stood in for Tess"})
        with self.assertRaises(AccessError):
            Line.browse(others.id).write({"name": "Mine"})
        with self.assertRaises(AccessError):
            Line.browse(others.id).read(["name"])

    def test_she_logs_her_own_time_only(self):
        for values in ({"user_id": self.technician.id}, {"employee_id": self.technician.sudo().employee_ids[:1].id or 1}):
            with self.subTest(values), self.assertRaises(AccessError):
                self.lent.env["account.analytic.line"].create(
                    {"psa_ticket_id": self.ticket.id, "name": "x", "unit_amount": 1.0, **values})

    def test_several_entries_take_one_record_of_her(self):
        self._log_by_wizard(0.5)
        self.lent.env["account.analytic.line"].create([
            {"psa_ticket_id": self.ticket.id, "name": f"Visit {number}", "unit_amount": 1.0} for number in range(3)])

        guests = self.env["hr.employee"].search([("psa_guest_user_id", "=", self.ida.id)])
        self.assertEqual(len(guests), 1)
        self.assertFalse(guests.user_id)
        self.assertEqual(guests.company_id, self.company)

    def test_the_timer_counts_on_a_lent_ticket(self):
        self.lent.action_timer_start()
        self.lent.psa_timer_ids._pause(self.lent.env["psa.work.timer"]._now())
        action = self.lent.action_timer_stop()

        line = self.lent.env["psa.time.log"].with_context(**action["context"]).create(
            {"hours": 0.25, "name": "By the watch"})._make_entry()

        self.assertEqual(line.unit_amount, 0.25)
        self.assertFalse(self.lent.psa_timer_ids)

    def test_what_else_is_logged_at_once_goes_its_usual_way(self):
        private = self.env["project.project"].create({
            "name": "Private", "company_id": self.company.id, "privacy_visibility": "followers", "allow_timesheets": True})
        stranger = self.env["hr.employee"].create({"name": "Carl", "company_id": self.company.id})
        Line = self.lent.env["account.analytic.line"]
        entry = {"name": "Stood in", "unit_amount": 1.0}

        with self.assertRaises(UserError), self.cr.savepoint():
            Line.create([
                {**entry, "psa_ticket_id": self.ticket.id},
                {**entry, "project_id": private.id, "employee_id": stranger.id, "date": "2026-03-10"},
            ])
        own = self._new_ticket("Own", self.env["res.partner"].create({"name": "Fjord Client", "psa_is_client": True}),
                               self._new_desk(self.elsewhere, "Fjord Desk"))
        lines = Line.create([
            {**entry, "psa_ticket_id": own.id},
            {**entry, "psa_ticket_id": self.ticket.id, "project_id": private.id, "psa_contract_id": self.contract.id},
        ]).sudo()
        self.assertEqual(lines.psa_ticket_id.ids, [own.id, self.ticket.id])
        self.assertEqual([line.company_id for line in lines], [self.elsewhere, self.company])
        self.assertEqual(lines[1].project_id, self.company.psa_service_project_id)
        self.assertFalse(lines[1].psa_contract_id)

    def test_once_the_share_is_over_nothing_is_logged_or_seen_any_more(self):
        line = self._log_by_wizard(1.0)
        self.share.with_user(self.company_admin).action_revoke()
        self.env.invalidate_all()

        self.assertFalse(self.lent.env["account.analytic.line"].search([("id", "=", line.id)]))
        with self.assertRaises(AccessError):
            self._log_by_wizard(1.0)
        self.assertTrue(self.env["account.analytic.line"].browse(line.id).exists())

    def test_who_may_only_read_logs_nothing(self):
        self.share.with_user(self.company_admin).action_revoke()
        self._lend("read")
        self.env.invalidate_all()

        with self.assertRaises(AccessError):
            self.lent.env["account.analytic.line"].create({"psa_ticket_id": self.ticket.id, "name": "x", "unit_amount": 1.0})

    def test_a_colleague_of_two_companies_logs_as_himself(self):
        self.ida.company_ids = [Command.link(self.company.id)]
        line = self.lent.with_context(allowed_company_ids=(self.elsewhere | self.company).ids).env[
            "account.analytic.line"].create({"psa_ticket_id": self.ticket.id, "name": "x", "unit_amount": 1.0})

        self.assertEqual(line.sudo().employee_id.user_id, self.ida)
