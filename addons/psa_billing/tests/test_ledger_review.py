from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import PsaBillingCommon

# What each role may do with what belongs to the review.
MATRIX = {
    "psa.billing.item": {"technician": "r", "sales": "r", "billing": "rw", "company_admin": "rw", "owner": "rw", "outsider": ""},
    "psa.billing.item.history": {"technician": "", "sales": "", "billing": "r", "company_admin": "r", "owner": "r", "outsider": ""},
    "psa.billing.problem": {"technician": "", "sales": "", "billing": "r", "company_admin": "r", "owner": "r", "outsider": ""},
    "psa.billing.turn": {"technician": "", "sales": "", "billing": "", "company_admin": "", "owner": "", "outsider": ""},
    "psa.billing.hold": {"technician": "", "sales": "", "billing": "crw", "company_admin": "crw", "owner": "crw", "outsider": ""},
    "psa.billing.adjust": {"technician": "", "sales": "", "billing": "crw", "company_admin": "crw", "owner": "crw", "outsider": ""},
    "psa.billing.move": {"technician": "", "sales": "", "billing": "crw", "company_admin": "crw", "owner": "crw", "outsider": ""},
}
OPERATIONS = {"c": "create", "r": "read", "w": "write", "d": "unlink"}


@tagged("post_install", "-at_install")
class TestLedgerReview(PsaBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales = cls._new_user("sara.sales", "psa_crm.group_sales")
        cls.owner = cls._new_user("olga.owner", "psa_crm.group_owner")
        cls.outsider = new_test_user(cls.env, login="otto.outsider", groups="base.group_user")
        cls.portal = new_test_user(cls.env, login="pia.portal", groups="psa_crm.group_client_admin")

    def _as(self, user, records):
        return records.with_user(user).with_context(allowed_company_ids=self.company.ids)

    def test_matrix(self):
        for model, roles in MATRIX.items():
            for role, allowed in roles.items():
                for letter, operation in OPERATIONS.items():
                    with self.subTest(model=model, role=role, operation=operation):
                        env = self.env(user=getattr(self, role), su=False)
                        self.assertEqual(env[model].has_access(operation), letter in allowed)
            with self.subTest(model=model, role="portal"):
                self.assertFalse(self.env(user=self.portal, su=False)[model].has_access("read"))

    # Holding

    def test_what_is_held_is_not_released_until_somebody_lets_it_go(self):
        item = self._as(self.billing, self._release(self._log(60)))
        wizard = self.env["psa.billing.hold"].with_user(self.billing).create(
            {"item_ids": [Command.set(item.ids)], "reason": "Ask Pia"}
        )

        wizard.action_hold()

        self.assertRecordValues(item, [{"state": "pending", "is_held": True, "hold_reason": "Ask Pia"}])
        with self.assertRaisesRegex(UserError, "is held"):
            item.action_approve()
        other = self._as(self.billing, self._approve(self._log(30)))
        (item | other).action_approve()
        self.assertEqual((item.state, other.state), ("pending", "approved"))
        item.action_let_go()
        item.action_approve()
        self.assertEqual(item.state, "approved")
        self.assertEqual(item.history_ids.mapped("event"), ["release", "let_go", "hold", "release"])

    def test_a_hold_stays_when_the_entry_is_priced_again(self):
        item = self._as(self.billing, self._approve(self._log(60)))
        item._hold("Ask Pia")

        item.action_rate_again()

        self.assertTrue(item.is_held)

    # Adjusting

    def test_quantity_price_and_text_are_adjusted_with_a_reason_and_the_old_ones_kept(self):
        item = self._as(self.billing, self._approve(self._log(60)))
        wizard = self.env["psa.billing.adjust"].with_user(self.billing).create({"item_id": item.id, "reason": "Agreed on the phone"})
        self.assertRecordValues(wizard, [{"quantity": 1.0, "price_unit": 100.0, "old_amount": 100.0}])
        wizard.write({"quantity": 0.5, "price_unit": 90.0, "name": "Half an hour"})
        self.assertRecordValues(wizard, [{"amount": 45.0, "difference": -55.0}])

        wizard.action_adjust()

        self.assertRecordValues(
            item,
            [{"amount": 45.0, "value": 45.0, "hours": 0.5, "hourly_rate": 90.0, "worked_hours": 1.0, "is_adjusted": True,
              "adjust_reason": "Agreed on the phone", "name": "Half an hour", "state": "pending"}],
        )
        adjusted = item.history_ids.filtered(lambda event: event.event == "adjust")
        self.assertIn("100", adjusted.old_value)
        self.assertIn("45", adjusted.new_value)
        self.assertEqual((adjusted.user_id, adjusted.reason), (self.billing, "Agreed on the phone"))
        item.action_rate_again()
        self.assertEqual(item.amount, 45.0, "an adjusted row is not priced again")

        item.action_undo_adjustment()
        self.assertRecordValues(item, [{"amount": 100.0, "hours": 1.0, "is_adjusted": False, "name": "Half an hour"}])

    def test_a_row_without_a_rate_is_given_one_by_hand(self):
        unpriced = self.env["psa.role"].create({"name": "Architect"})
        item = self._as(self.billing, self._approve(self._log(60, psa_role_id=unpriced.id)))
        self.assertEqual(item.state, "error")

        item._adjust("Special price", price_unit=130)

        self.assertRecordValues(item, [{"state": "pending", "error": False, "amount": 130.0, "funding": "rate"}])

    def test_a_charge_is_not_adjusted_into_a_credit(self):
        item = self._approve(self._log(60)).with_user(self.billing)

        for values in ({"quantity": -1}, {"price_unit": -100}):
            refused = self.assertRaisesRegex(UserError, "from a charge into a credit.*a correction of the entry")
            with self.subTest(values=values), refused, self.env.cr.savepoint():
                item._adjust("Give it back", **values)
        item._adjust("Nothing of it", quantity=0)

        self.assertEqual((item.amount, item.state), (0.0, "pending"))

    def test_what_is_invoiced_or_covered_is_not_adjusted(self):
        item = self._as(self.billing, self._approve(self._log(60)))
        item.sudo()._write_row({"state": "covered"})

        with self.assertRaisesRegex(UserError, "can be adjusted"):
            item._adjust("No", price_unit=1)

    def test_history_is_append_only(self):
        item = self._as(self.billing, self._release(self._log(60)))
        event = item.history_ids[:1].sudo()

        for attempt in (lambda: event.write({"reason": "x"}), event.unlink, lambda: event.create({"event": "back"})):
            with self.assertRaises(AccessError):
                attempt()
        item.action_back_to_review()
        self._log()
        item.sudo()._delete_rows()
        self.assertTrue(event.exists(), "it outlives the row")
        self.assertFalse(event.item_id)

    def test_history_of_a_row_that_is_gone_is_hidden_with_its_client(self):
        item = self._as(self.billing, self._release(self._log(60)))
        History = self._as(self.billing, self.env["psa.billing.item.history"])
        item.action_back_to_review()
        event = item.history_ids[:1].sudo()
        item.sudo()._delete_rows()
        self.assertEqual(event.client_id, self.client)
        self.assertTrue(History.search_count([("id", "=", event.id)]))

        self.env["psa.access.rule"].create(
            {"client_id": self.client.id, "level": "refuse", "user_id": self.billing.id, "company_id": self.company.id}
        )
        self.env.invalidate_all()

        self.assertFalse(History.search_count([("id", "=", event.id)]))
        with self.assertRaises(AccessError):
            History.browse(event.id).read(["old_value"])

    # Moving

    def test_rows_move_to_another_contract_after_a_preview(self):
        project = self._new_contract(self.client, [(self.role_engineer, False, 70.0)], date_start="2025-01-01", name="Project")
        items = self._as(self.billing, self._release(self._log(60) | self._log(120)))
        stays = self._approve(self._log(30))
        Move = self.env["psa.billing.move"].with_user(self.billing).with_context(default_item_ids=[Command.set(items.ids)])
        with Form(Move) as form:
            form.contract_id = project
            self.assertEqual((form.old_amount, form.new_amount, len(form.line_ids)), (300.0, 210.0, 2))
        wizard = form.record

        self.assertRecordValues(wizard, [{"old_amount": 300.0, "new_amount": 210.0, "difference": -90.0}])
        self.assertEqual(sorted(wizard.line_ids.mapped("new_amount")), [70.0, 140.0])
        self.assertEqual(items.mapped("state"), ["approved", "approved"], "a preview changes nothing")
        wizard.reason = "Belongs to the project"
        wizard.action_move()

        self.assertEqual(sorted(items.mapped("amount")), [70.0, 140.0])
        self.assertEqual(items.contract_id, project)
        self.assertEqual(set(items.mapped("state")), {"pending"}, "another price is looked at again")
        self.assertEqual(stays.contract_id, self.contract)
        self.assertEqual(set(items.history_ids.mapped("event")), {"release", "move"})
        self.assertIn("named on the entry", items[0].explanation)

    def test_rows_do_not_move_to_somebody_else_s_contract(self):
        other = self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True})
        contract = self._new_contract(other, [(self.role_engineer, False, 70.0)], date_start="2025-01-01")
        item = self._as(self.billing, self._approve(self._log(60)))

        with self.assertRaisesRegex(UserError, "is not a contract of"):
            item._move_to(contract, "Wrong")

    def test_rows_do_not_move_to_a_contract_that_is_not_in_force(self):
        draft = self._new_contract(self.client, [(self.role_engineer, False, 70.0)], activate=False, date_start="2025-01-01")
        item = self._as(self.billing, self._approve(self._log(60)))

        for attempt in (lambda: item._preview_move(draft), lambda: item._move_to(draft, "Early")):
            with self.assertRaisesRegex(UserError, "is not in force"):
                attempt()

    def test_quantities_are_adjusted_to_what_an_invoice_line_can_show(self):
        item = self._as(self.billing, self._approve(self._log(60)))

        item._adjust("A third more", quantity=1.3333)

        self.assertRecordValues(item, [{"quantity": 1.33, "amount": 133.0}])

    # Release by role

    def test_who_is_responsible_releases_his_rows_and_sees_no_others(self):
        manager = self.sales
        self.contract.user_id = manager
        other = self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True})
        self.role_engineer.hourly_rate = 80
        mine = self._approve(self._log(60))
        theirs = self._approve(self._log(60, ticket=self._new_ticket("Theirs", other)))
        Item = self._as(manager, self.env["psa.billing.item"])

        self.assertFalse(Item.search([]), "billing releases by default")
        self.company.psa_released_by = "account_manager"
        self.assertEqual(Item.search([]), mine)
        self.assertEqual(Item.search([("is_mine_to_release", "=", True)]), mine)
        self.assertEqual(mine.releaser_id, manager)
        self._as(manager, mine).action_approve()
        self.assertRecordValues(mine, [{"state": "approved", "reviewed_by_id": manager.id}])
        for attempt in (
            lambda: self._as(manager, theirs).action_approve(),
            lambda: self._as(manager, theirs).read(["amount"]),
            lambda: self._as(manager, mine).read(["cost"]),
            lambda: self._as(manager, mine).history_ids,
            lambda: self._as(manager, mine).write({"name": "Mine"}),
            lambda: self._as(manager, mine).action_back_to_review(),
            lambda: self._as(manager, mine)._hold("Mine"),
            lambda: self._as(manager, mine)._write_off("Mine"),
            lambda: self._as(manager, mine)._adjust("Mine", price_unit=1),
            lambda: self._as(manager, mine).action_rate_again(),
            lambda: self._as(manager, mine).action_move(),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_without_a_responsible_it_is_the_client_s_account_manager_s_and_else_billing_s(self):
        self.company.psa_released_by = "account_manager"
        self.contract.user_id = False
        self.client.write({"psa_account_manager_id": self.sales.id, "user_id": self.dispatcher.id})
        item = self._approve(self._log(60))

        self.assertEqual(item.releaser_id, self.sales)
        self.assertEqual(self._as(self.sales, self.env["psa.billing.item"]).search([]), item)
        self.assertFalse(self._as(self.dispatcher, self.env["psa.billing.item"]).search([]), "who sells is not asked")
        self.client.psa_account_manager_id = False
        item.invalidate_recordset()
        self.assertFalse(item.releaser_id)
        self._as(self.billing, item).action_approve()
        self.assertEqual(item.state, "approved")

    def test_service_managers_release_what_was_worked_on_their_queue_or_desk(self):
        self.company.psa_released_by = "service_manager"
        self.desk.service_manager_id = self.dispatcher
        queue = self.env["psa.queue"].create(
            {"name": "Second level", "company_id": self.company.id, "service_manager_id": self.colleague.id}
        )
        deep = self._new_ticket("Deep")
        deep.queue_id = queue
        on_desk, in_queue = self._approve(self._log(60)), self._approve(self._log(60, ticket=deep))

        for user, rows in ((self.dispatcher, on_desk), (self.colleague, in_queue), (self.technician, on_desk.browse())):
            with self.subTest(user=user.login):
                self.assertEqual(self._as(user, self.env["psa.billing.item"]).search([]), rows)
                self.assertEqual(rows.releaser_id, user if rows else rows.releaser_id)

    def test_project_managers_release_what_was_worked_on_their_projects(self):
        self.company.psa_released_by = "project_manager"
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id, "user_id": self.dispatcher.id})
        item = self._approve(self._log(60))
        item._write_row({"project_id": project.id})

        self.assertEqual(self._as(self.dispatcher, self.env["psa.billing.item"]).search([]), item)
        self.assertEqual(item.releaser_id, self.dispatcher)

    def test_in_another_company_nothing_is_his(self):
        other_company = self.env["res.company"].create({"name": "Other ITSC", "psa_released_by": "account_manager"})
        stranger = self._new_user("sam.stranger", "psa_crm.group_sales", other_company)
        self.contract.sudo().write({"user_id": stranger.id})
        self.company.psa_released_by = "account_manager"
        item = self._approve(self._log(60))

        env = self.env(user=stranger, su=False, context={"allowed_company_ids": other_company.ids})
        self.assertFalse(env["psa.billing.item"].search([]))
        with self.assertRaises(AccessError):
            item.with_env(env).action_approve()

    def test_rows_of_projects_over_their_budget_are_found(self):
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id, "allocated_hours": 1.0})
        item = self._approve(self._log(60))
        item._write_row({"project_id": project.id})
        self.env["account.analytic.line"].create(
            {"project_id": project.id, "unit_amount": 2, "name": "Much", "user_id": self.technician.id}
        )

        found = self._as(self.billing, self.env["psa.billing.item"]).search([("is_over_budget", "=", True)])

        self.assertEqual(found, item)
        self.assertTrue(self._as(self.billing, item).is_over_budget)
