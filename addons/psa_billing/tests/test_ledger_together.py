from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, mute_logger
from psycopg2.errors import LockNotAvailable, SerializationFailure

DAY = "2026-03-10"


@tagged("post_install", "-at_install")
class TestLedgerTogether(TransactionCase):
    """Two transactions of their own, so what they see is really stored; it is taken away again afterwards."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '5s'")
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "mail_create_nolog": True})
            company = env.ref("base.main_company")
            env = env(context=dict(env.context, allowed_company_ids=company.ids))
            client = env["res.partner"].create({"name": "Priced Twice", "is_company": True, "psa_is_client": True})
            role = env["psa.role"].create({"name": "Engineer", "company_id": company.id, "currency_id": company.currency_id.id})
            product = env["product.product"].create({"name": "Hour", "type": "service", "taxes_id": False})
            work_type = env["psa.work.type"].create({"name": "Work", "company_id": company.id, "product_id": product.id})
            contract = env["psa.contract"].create({
                "name": "Block", "client_id": client.id, "company_id": company.id, "date_start": "2026-01-01",
                "rate_ids": [Command.create({"role_id": role.id, "hourly_rate": 100.0})],
            })
            component = env["psa.contract.component"].create({
                "contract_id": contract.id, "kind": "block", "name": "Prepaid", "product_id": product.id, "purchase": "manual",
            })
            contract.action_activate()
            prepaid = env["psa.contract.prepaid"].create({
                "name": "1 hour", "contract_id": contract.id, "component_id": component.id, "kind": "hours", "hours": 1.0,
                "price": 90.0, "amount": 90.0, "date_from": "2026-01-01", "purchased_on": "2026-01-01",
            })
            desk = env["psa.desk"].create({"name": "Priced Twice", "company_id": company.id})
            ticket = env["psa.ticket"].create({"name": "Work", "desk_id": desk.id, "client_id": client.id})
            employee = env["hr.employee"].create({"name": "Tina", "company_id": company.id})
            lines = env["account.analytic.line"].create([
                {
                    "psa_ticket_id": ticket.id, "date": DAY, "unit_amount": 1.0, "name": f"Hour {number}",
                    "psa_role_id": role.id, "psa_work_type_id": work_type.id, "employee_id": employee.id,
                }
                for number in range(2)
            ])
            self.ids = {
                "company": company.id, "client": client.id, "contract": contract.id, "prepaid": prepaid.id, "lines": lines.ids,
                "records": [
                    (records._name, records.ids)
                    for records in (
                        lines, ticket, desk, employee, contract, work_type, role, product.product_tmpl_id, client,
                    )
                ],
            }
        self.addCleanup(self._remove)

    def _remove(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            client_id = self.ids["client"]
            cr.execute("UPDATE account_analytic_line SET psa_approval_state = 'draft' WHERE id = ANY(%s)", [self.ids["lines"]])
            for table in ("psa_billing_item", "psa_billing_turn", "psa_contract_prepaid"):
                cr.execute(SQL("DELETE FROM %s WHERE client_id = %s", SQL.identifier(table), client_id))
            cr.execute("UPDATE psa_contract SET state = 'draft' WHERE client_id = %s", [client_id])
            cr.execute("DELETE FROM account_analytic_line WHERE psa_corrects_id = ANY(%s)", [self.ids["lines"]])
            env.invalidate_all()
            for model, ids in self.ids["records"]:
                env[model].browse(ids).exists().unlink()

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"allowed_company_ids": [self.ids["company"]], "tracking_disable": True})

    def _approve(self, cr, number):
        env = self._env(cr)
        line = env["account.analytic.line"].browse(self.ids["lines"][number])
        line.action_psa_approve()
        env.flush_all()

    def _rows(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT source_id, funding, state, drawn_seconds, amount FROM psa_billing_item WHERE client_id = %s"
                " ORDER BY source_id, part",
                [self.ids["client"]],
            )
            return cr.fetchall()

    def test_two_first_approvals_at_once_draw_the_last_hour_once(self):
        with self.registry.cursor() as one, self.registry.cursor() as two:
            # Both have begun, so that neither sees what the other one does.
            two.execute("SELECT count(*) FROM psa_billing_item")
            self._approve(one, 0)
            two.execute("SET LOCAL lock_timeout = '300ms'")
            with self.assertRaises(LockNotAvailable), mute_logger("odoo.sql_db"):
                self._approve(two, 1)
            two.rollback()
            two.execute("SELECT count(*) FROM psa_billing_item")
            one.commit()
            with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
                self._approve(two, 1)  # which Odoo begins anew
            two.rollback()
            self._approve(two, 1)
            two.commit()

        self.assertEqual([row[1:] for row in self._rows()], [("block", "covered", 3600, 0.0), ("rate", "pending", 0, 100.0)])

    def test_the_same_entry_approved_twice_at_once_is_in_the_ledger_once(self):
        with self.registry.cursor() as one, self.registry.cursor() as two:
            two.execute("SELECT count(*) FROM psa_billing_item")
            self._approve(one, 0)
            one.commit()
            with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
                self._approve(two, 0)
            two.rollback()
            self._approve(two, 0)
            two.commit()

        self.assertEqual(len(self._rows()), 1)

    def test_two_corrections_at_once_do_not_take_more_than_there_is(self):
        def correct(cr):
            env = self._env(cr)
            return env["account.analytic.line"].create(
                {"psa_corrects_id": self.ids["lines"][0], "name": "Less", "unit_amount": -0.75, "psa_billable_minutes": -45}
            )

        with self.registry.cursor() as cr:
            self._approve(cr, 0)
        with self.registry.cursor() as one, self.registry.cursor() as two:
            two.execute("SELECT count(*) FROM account_analytic_line")
            correct(one)
            one.commit()
            with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
                correct(two)
            two.rollback()
            with self.assertRaisesRegex(ValidationError, "less than no time"):
                correct(two)
            two.rollback()

    def test_release_and_pricing_at_once_never_change_what_was_released(self):
        with self.registry.cursor() as cr:
            self._approve(cr, 0)
            self._approve(cr, 1)
        before = self._rows()
        with self.registry.cursor() as one, self.registry.cursor() as two:
            env_one, env_two = self._env(one), self._env(two)
            two.execute("SELECT count(*) FROM psa_billing_item")
            charged = env_one["psa.billing.item"].search([("client_id", "=", self.ids["client"]), ("state", "=", "pending")])
            charged.action_approve()
            env_one.flush_all()
            contract = env_two["psa.contract"].browse(self.ids["contract"])
            client, company = contract.client_id, contract.company_id
            two.execute("SET LOCAL lock_timeout = '300ms'")
            with self.assertRaises(LockNotAvailable), mute_logger("odoo.sql_db"):
                env_two["psa.billing.item"]._psa_rate(client, company)
            two.rollback()
            two.execute("SELECT count(*) FROM psa_billing_item")
            one.commit()
            with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
                env_two["psa.billing.item"]._psa_rate(client, company)
            two.rollback()
            env_two["psa.billing.item"]._psa_rate(client, company)
            two.commit()

        after = self._rows()
        self.assertEqual([row[:2] + row[3:] for row in after], [row[:2] + row[3:] for row in before])
        self.assertEqual({row[2] for row in after}, {"covered", "approved"})

    def test_pricing_first_makes_the_release_wait(self):
        with self.registry.cursor() as cr:
            self._approve(cr, 0)
            self._approve(cr, 1)
        with self.registry.cursor() as one, self.registry.cursor() as two:
            env_one, env_two = self._env(one), self._env(two)
            contract = env_one["psa.contract"].browse(self.ids["contract"])
            env_one["psa.billing.item"]._psa_rate(contract.client_id, contract.company_id)
            charged = env_two["psa.billing.item"].search([("client_id", "=", self.ids["client"]), ("state", "=", "pending")])
            two.execute("SET LOCAL lock_timeout = '300ms'")
            with self.assertRaises(LockNotAvailable), mute_logger("odoo.sql_db"):
                charged.action_approve()
            two.rollback()
            one.commit()
            env_two["psa.billing.item"].browse(charged.ids).action_approve()
            env_two.flush_all()
            two.commit()

        self.assertEqual({row[2] for row in self._rows()}, {"covered", "approved"})
