from decimal import Decimal

from odoo.fields import Date
from odoo.tests import tagged
from odoo.tools import SQL, float_compare

from ..core.profit import Figures, total
from .common import DAY, PsaBillingCommon

MEASURES = (
    "revenue", "labour_cost", "charge_cost", "expense_cost", "margin", "worked_hours", "billable_hours", "available_hours",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestProfitability(PsaBillingCommon):
    """What work brings and costs, as the books and the time entries have it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Profit = cls.env(user=cls.billing, su=False)["psa.profitability"].with_company(cls.company)
        cls.employee = cls._employee(cls.technician)
        cls.employee.hourly_cost = 40
        cls.other_client = cls.env["res.partner"].create(
            {"name": "Northgate", "is_company": True, "psa_is_client": True}
        )
        cls.other_ticket = cls._new_ticket("Server is loud", client=cls.other_client)
        cls._new_contract(cls.other_client, [(cls.role_engineer, False, 30.0)], date_start="2026-01-01")

    @classmethod
    def _employee(cls, user):
        return cls.env["hr.employee"].browse(user._psa_employees(cls.company)[user.id])

    def _row(self, domain=(), groupby=()):
        """Return the sums of the only group."""
        domain = [("company_id", "=", self.company.id), *domain]
        (values,) = self.Profit._read_group(domain, groupby, [f"{name}:sum" for name in MEASURES])
        return dict(zip(MEASURES, values[len(groupby) :], strict=True))

    def _ratios(self, domain=()):
        domain = [("company_id", "=", self.company.id), *domain]
        ((margin_rate, effective_rate, utilisation),) = self.Profit._read_group(
            domain, [], ["margin_rate:avg", "effective_rate:avg", "utilisation:avg"]
        )
        return margin_rate, effective_rate, utilisation

    def test_an_hour_sold_is_revenue_and_costs_the_hour(self):
        self._approve(self._log(60))

        row = self._row([("client_id", "=", self.client.id)])

        self.assertEqual((row["revenue"], row["labour_cost"], row["margin"]), (100, 40, 60))
        self.assertEqual((row["worked_hours"], row["billable_hours"]), (1, 1))

    def test_time_costs_before_it_is_approved_and_if_nobody_pays(self):
        self._log(60)
        self._approve(self._log(30, psa_work_type_id=self.work_internal.id))

        row = self._row([("client_id", "=", self.client.id)])

        self.assertEqual((row["revenue"], row["labour_cost"]), (0, 60))
        self.assertEqual((row["worked_hours"], row["billable_hours"]), (1.5, 1))
        standings = self.Profit.search([("client_id", "=", self.client.id)]).mapped("standing")
        self.assertCountEqual(standings, ["not_approved", "non_billable"])

    def test_without_a_cost_of_the_person_the_role_s_cost_counts(self):
        self.env["psa.role.rate"].create(
            [
                {
                    "role_id": self.role_engineer.id,
                    "currency_id": self.company.currency_id.id,
                    "hourly_cost": cost,
                    "date_from": start,
                    "date_to": end,
                }
                for cost, start, end in ((25, "2026-01-01", "2026-02-28"), (35, "2026-03-01", False))
            ]
        )
        self._approve(self._log(60, user=self.colleague))
        self._log(120, user=self.colleague, date="2026-02-10")

        rows = self.Profit.search([("client_id", "=", self.client.id)])

        self.assertEqual(sorted(rows.mapped("labour_cost")), [35, 50])

    def test_the_ratio_of_a_group_is_the_ratio_of_its_sums(self):
        self._approve(self._log(60))  # 100 for 40
        self._approve(self._log(600, ticket=self.other_ticket))  # 300 for 400

        margin_rate, effective_rate, _utilisation = self._ratios([("client_id", "!=", False)])

        oracle = total(
            [
                Figures(revenue=Decimal(100), labour_cost=Decimal(40), worked_seconds=3600),
                Figures(revenue=Decimal(300), labour_cost=Decimal(400), worked_seconds=36000),
            ]
        )
        self.assertEqual(float_compare(margin_rate, float(oracle.margin_rate), 4), 0)
        self.assertEqual(float_compare(effective_rate, float(oracle.effective_rate), 2), 0)
        self.assertNotEqual(float_compare(margin_rate, (0.6 - 1 / 3) / 2, 4), 0, "not the mean of the two")

    def test_what_is_bought_costs_once_whatever_pays_for_it(self):
        kind = self.env["psa.billable.type"].search([], limit=1)
        charge = self.env["psa.charge"].create(
            {
                "name": "Switch", "ticket_id": self.ticket.id, "billable_type_id": kind.id, "date": DAY, "quantity": 2,
                "product_id": self.product.id, "cost": 30, "price_unit": 50, "company_id": self.company.id,
            }
        )  # fmt: skip
        before = self._row([("client_id", "=", self.client.id)])
        charge.with_user(self.billing).action_approve()
        after = self._row([("client_id", "=", self.client.id)])

        self.assertEqual((before["revenue"], before["charge_cost"]), (0, 60))
        self.assertEqual((after["revenue"], after["charge_cost"], after["margin"]), (100, 60, 40))

    def test_written_off_work_brings_nothing_and_costs_what_it_did(self):
        items = self._approve(self._log(60))
        items.with_user(self.billing)._write_off("A present")

        row = self._row([("client_id", "=", self.client.id)])

        self.assertEqual((row["revenue"], row["labour_cost"], row["margin"]), (0, 40, -40))

    def test_another_currency_counts_at_the_rate_of_the_day(self):
        foreign = self.env["res.currency"].with_context(active_test=False).search(
            [("id", "!=", self.company.currency_id.id), ("name", "in", ("CHF", "GBP"))], limit=1
        )
        foreign.active = True
        self.env["res.currency.rate"].create(
            [
                {"currency_id": foreign.id, "name": day, "rate": rate, "company_id": self.company.id}
                for day, rate in (("2026-01-01", 4), ("2026-03-01", 2), ("2026-04-01", 8))
            ]
        )
        client = self.env["res.partner"].create({"name": "Abroad", "is_company": True, "psa_is_client": True})
        self._new_contract(client, [(self.role_engineer, False, 90.0)], date_start="2026-01-01", currency_id=foreign.id)
        self._approve(self._log(60, ticket=self._new_ticket("Far away", client=client)))

        self.assertEqual(self._row([("client_id", "=", client.id)])["revenue"], 45)

    def test_available_hours_come_from_the_calendar_and_make_the_utilisation(self):
        self._approve(self._log(600))
        Capacity = self.env["psa.work.capacity"]

        Capacity._count(self.company, today=Date.to_date("2026-03-20"))

        march = Capacity.search([("employee_id", "=", self.employee.id)])
        self.assertEqual(march.mapped("month"), [Date.to_date("2026-03-01")])
        calendar = self.employee.resource_calendar_id
        self.assertAlmostEqual(march.hours, 22 * calendar.hours_per_day, msg="22 working days")
        _margin, _rate, utilisation = self._ratios([("employee_id", "=", self.employee.id)])
        self.assertAlmostEqual(utilisation, 10 / march.hours, 4)
        Capacity._count(self.company, today=Date.to_date("2026-03-20"))
        self.assertEqual(Capacity.search_count([("employee_id", "=", self.employee.id)]), 1)

    def test_clients_that_cost_money_are_named(self):
        today = Date.context_today(self.env["res.partner"])
        self.company.psa_margin_target = 0.2
        self._new_contract(self.other_client, [(self.role_engineer, False, 45.0)], date_start=today)
        third = self.env["res.partner"].create({"name": "Third", "is_company": True, "psa_is_client": True})
        self._new_contract(third, [(self.role_engineer, False, 39.0)], date_start=today)
        self._approve(self._log(60, date=today))
        self._approve(self._log(60, date=today, ticket=self.other_ticket))
        self._approve(self._log(60, date=today, ticket=self._new_ticket("Old disk", client=third)))

        profits = self.env(user=self.billing, su=False)["psa.client.profit"].search([("company_id", "=", self.company.id)])

        found = {profit.client_id: (profit.standing, profit.margin) for profit in profits}
        self.assertEqual(
            found, {self.client: ("fine", 60), self.other_client: ("weak", 5), third: ("losing", -1)}
        )
        self.assertEqual(profits[0].client_id, third, "the worst one first")
        self.assertEqual(profits[0].action_open_rows()["domain"][0], ("client_id", "=", third.id))

    def test_who_sees_what_work_brings(self):
        self._approve(self._log(60, date=Date.context_today(self.env["res.partner"])))
        stranger = self._new_user(
            "sam.stranger", "psa_crm.group_company_admin", self.env["res.company"].create({"name": "Other ITSC"})
        )
        for user, sees in (
            (self.technician, None), (self.dispatcher, None), (self.billing, True), (self.company_admin, True), (stranger, False),
        ):  # fmt: skip
            with self.subTest(user=user.login):
                env = self.env(user=user, su=False, context={"allowed_company_ids": user.company_ids.ids})
                for model in ("psa.profitability", "psa.client.profit", "psa.work.capacity"):
                    self.assertEqual(env[model].has_access("read"), sees is not None)
                    self.assertFalse(env[model].has_access("write"))
                if sees is not None:
                    self.assertEqual(bool(env["psa.profitability"].search([("client_id", "=", self.client.id)])), sees)
                    self.assertEqual(
                        bool(env["psa.client.profit"].with_context(psa_profit_period="two_years").search([])), sees
                    )

    def test_the_past_day_is_not_the_present_one(self):
        self._approve(self._log(60))

        self.assertFalse(self.Profit.search([("date", ">", DAY), ("worked_hours", "!=", 0)]))

    def test_many_rows_take_as_many_queries_as_few(self):
        for _number in range(5):
            self._approve(self._log(60))
        self.env.flush_all()
        with self.assertQueryCount(9):
            self.Profit.formatted_read_group(
                [("company_id", "=", self.company.id)], ["client_id", "date:month"], [f"{name}:sum" for name in MEASURES]
            )

    def test_all_sources_have_the_same_columns_so_that_each_is_filtered_by_itself(self):
        columns = set()
        for number, source in enumerate(self.Profit._sources()):
            view = f"psa_source_{number}"
            self.env.cr.execute(SQL("CREATE TEMP VIEW %s AS %s", SQL.identifier(view), source))
            columns.add(
                tuple(
                    self.env.execute_query(
                        SQL(
                            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
                            " ORDER BY ordinal_position",
                            view,
                        )
                    )
                )
            )
        self.assertEqual(len(columns), 1)
