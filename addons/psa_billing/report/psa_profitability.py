from odoo import api, fields, models
from odoo.addons.psa_crm.core import access
from odoo.tools import SQL

# A ratio of a group is the ratio of its sums: {measure: (sum above, sum below)}.
RATIOS = {
    "margin_rate": ("margin", "revenue"),
    "effective_rate": ("labour_revenue", "worked_hours"),
    "utilisation": ("billable_hours", "available_hours"),
}
# Each source has ids of its own.
SOURCES = 5


class PsaProfitability(models.Model):
    """What work brings and what it costs: the billing ledger beside labour, charges, expenses and available hours.

    One row for each ledger row with its revenue and labour, each time entry that is in no ledger (yet), each charge and
    expense with what it cost, and each month of an employee. Nothing is stored twice, so a figure here is never behind the
    books. Amounts are in the company's currency, at the rate of the day.

    What is sold ahead counts as the books count it: a prepaid block is revenue of the day it is sold, a recurring service
    and an instalment once, of the first day of its period. Work that draws from it brings nothing then; what it is worth
    stands beside it as covered value.
    """

    _name = "psa.profitability"
    _description = "Profitability"
    _inherit = ["psa.access.mixin"]
    _auto = False
    _order = "date desc, id desc"
    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
    _psa_access_lent = False

    date = fields.Date(readonly=True, help="The day of the work; of a period its first day.")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    client_id = fields.Many2one("res.partner", readonly=True)
    contract_id = fields.Many2one("psa.contract", readonly=True)
    project_id = fields.Many2one("project.project", readonly=True)
    ticket_id = fields.Many2one("psa.ticket", readonly=True)
    employee_id = fields.Many2one("hr.employee", readonly=True)
    user_id = fields.Many2one("res.users", "Technician", readonly=True)
    work_type_id = fields.Many2one("psa.work.type", readonly=True)
    role_id = fields.Many2one("psa.role", readonly=True)
    kind = fields.Selection(
        lambda self: [
            *self.env["psa.billing.item"]._fields["kind"]._description_selection(self.env),
            ("capacity", self.env._("Available Hours")),
        ],
        readonly=True,
    )
    standing = fields.Selection(
        [
            ("invoiced", "Invoiced"),
            ("open", "To Come"),
            ("covered", "Covered by Contract"),
            ("error", "Cannot Be Priced"),
            ("written_off", "Written Off"),
            ("non_billable", "Not Billable"),
            ("not_approved", "Not Yet Approved"),
            ("capacity", "Available Hours"),
        ],
        readonly=True,
    )
    item_id = fields.Many2one("psa.billing.item", "Ledger Row", readonly=True)
    line_id = fields.Many2one("account.analytic.line", "Time Entry", readonly=True)
    revenue = fields.Monetary(readonly=True, help="Invoiced and to come, without taxes.")
    revenue_invoiced = fields.Monetary("Invoiced", readonly=True)
    revenue_open = fields.Monetary("To Come", readonly=True, help="In the review or released, not invoiced yet.")
    labour_revenue = fields.Monetary(
        "Revenue of Labour", readonly=True, help="The revenue less what charges and expenses cost."
    )
    covered_value = fields.Monetary(
        readonly=True,
        help="What work paid for by the contract (included or prepaid hours, a fixed price) is worth at its rate. "
        "It is not revenue: that came when the contract's price was charged.",
    )
    written_off_value = fields.Monetary("Written Off", readonly=True)
    labour_cost = fields.Monetary(
        readonly=True, help="Hours worked at the employee's hourly cost; where there is none, at the cost of the role."
    )
    charge_cost = fields.Monetary("Charges", readonly=True, help="What was bought for the client.")
    expense_cost = fields.Monetary("Expenses", readonly=True, help="What was laid out for the client.")
    margin = fields.Monetary(readonly=True, help="Revenue less labour, charges and expenses.")
    worked_hours = fields.Float("Worked", readonly=True)
    billable_hours = fields.Float(
        "Billable", readonly=True, help="Hours worked that clients pay for, by the hour or by contract."
    )
    drawn_hours = fields.Float("Drawn", readonly=True, help="Taken from included and prepaid hours.")
    available_hours = fields.Float("Available", readonly=True, help="By the employee's working hours, without leave.")
    margin_rate = fields.Float("Margin (%)", readonly=True, aggregator="avg", help="The margin as a share of the revenue.")
    effective_rate = fields.Monetary(
        "Effective Hourly Rate",
        readonly=True,
        aggregator="avg",
        help="What an hour worked brings, after charges and expenses are paid.",
    )
    utilisation = fields.Float(
        readonly=True, aggregator="avg", help="Billable hours as a share of the available ones. By technician or month."
    )

    _depends = {
        "psa.billing.item": [
            "amount", "client_id", "company_id", "contract_id", "currency_id", "date", "drawn_seconds", "employee_id", "kind",
            "period_from", "project_id", "role_id", "source_id", "source_model", "state", "ticket_id", "user_id", "value",
            "work_type_id", "worked_seconds",
        ],
        "account.analytic.line": [
            "amount", "company_id", "date", "employee_id", "partner_id", "project_id", "psa_approval_state", "psa_contract_id",
            "psa_is_billable", "psa_role_id", "psa_ticket_id", "psa_work_type_id", "unit_amount", "user_id",
        ],
        "psa.work.capacity": ["company_id", "employee_id", "hours", "month"],
        "psa.role.rate": ["company_id", "currency_id", "date_from", "date_to", "hourly_cost", "role_id"],
        "psa.role": ["company_id"],
        "hr.employee": ["user_id"],
        "res.company": ["currency_id"],
        "res.currency.rate": ["company_id", "currency_id", "name", "rate"],
        "res.partner": ["commercial_partner_id"],
    }  # fmt: skip

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT fact.*,
                   fact.revenue - fact.labour_cost - fact.charge_cost - fact.expense_cost AS margin,
                   fact.revenue - fact.charge_cost - fact.expense_cost AS labour_revenue,
                   (fact.revenue - fact.labour_cost - fact.charge_cost - fact.expense_cost)
                       / NULLIF(fact.revenue, 0) AS margin_rate,
                   (fact.revenue - fact.charge_cost - fact.expense_cost) / NULLIF(fact.worked_hours, 0) AS effective_rate,
                   NULL::float8 AS utilisation
              FROM (%s) fact
            """,
            SQL(" UNION ALL ").join(self._sources()),
        )

    @api.model
    def _sources(self):
        """Return the selects the rows come from.

        All have the same columns of the same types: only then does the database filter each before it puts them together.
        """
        return [self._ledger(), self._time_outside(), self._capacity()]

    @api.model
    def _ledger(self):
        """Return the rows of the ledger. The cost of a time entry is shared out to its rows by the time of each."""
        return SQL(
            """
            SELECT item.id::bigint * %(sources)s AS id,
                   CASE WHEN item.source_model = 'psa.contract.due' THEN COALESCE(item.period_from, item.date) ELSE item.date END AS date,
                   item.company_id, company.currency_id, item.client_id, item.contract_id,
                   COALESCE(item.project_id, line.project_id) AS project_id, item.ticket_id,
                   COALESCE(item.employee_id, line.employee_id) AS employee_id, item.user_id, item.work_type_id, item.role_id,
                   item.kind,
                   CASE WHEN item.state IN ('pending', 'approved') THEN 'open' ELSE item.state END AS standing,
                   item.id AS item_id, line.id AS line_id, NULL::integer AS charge_id, NULL::integer AS expense_id,
                   CASE WHEN item.state IN ('invoiced', 'pending', 'approved') THEN item.amount::float8 * fx.rate ELSE 0 END AS revenue,
                   CASE WHEN item.state = 'invoiced' THEN item.amount::float8 * fx.rate ELSE 0 END AS revenue_invoiced,
                   CASE WHEN item.state IN ('pending', 'approved') THEN item.amount::float8 * fx.rate ELSE 0 END AS revenue_open,
                   CASE WHEN item.state = 'covered' THEN COALESCE(item.value, 0)::float8 * fx.rate ELSE 0 END AS covered_value,
                   CASE WHEN item.state = 'written_off' THEN COALESCE(item.value, 0)::float8 * fx.rate ELSE 0 END AS written_off_value,
                   CASE WHEN line.id IS NULL THEN 0
                        WHEN line.amount <> 0
                        THEN -line.amount::float8 * item.worked_seconds / NULLIF(line.unit_amount * 3600, 0)
                        ELSE COALESCE((%(role_cost)s), 0)::float8 * item.worked_seconds / 3600 END AS labour_cost,
                   0::float8 AS charge_cost, 0::float8 AS expense_cost,
                   COALESCE(item.worked_seconds, 0) / 3600::float8 AS worked_hours,
                   CASE WHEN item.state = 'non_billable' THEN 0 ELSE COALESCE(item.worked_seconds, 0) / 3600::float8 END AS billable_hours,
                   COALESCE(item.drawn_seconds, 0) / 3600::float8 AS drawn_hours,
                   0::float8 AS available_hours
              FROM psa_billing_item item
              JOIN res_company company ON company.id = item.company_id
              LEFT JOIN account_analytic_line line
                     ON item.source_model = 'account.analytic.line' AND line.id = item.source_id
             CROSS JOIN LATERAL (SELECT %(exchange)s AS rate) fx
            """,
            sources=SOURCES,
            role_cost=self._role_cost(SQL("item.role_id"), SQL("item.date")),
            exchange=self._exchange(SQL("item.currency_id"), SQL("item.date")),
        )

    @api.model
    def _time_outside(self):
        """Return the time entries that are in no ledger: not approved yet, or not a client's."""
        return SQL(
            """
            SELECT line.id::bigint * %(sources)s + 1 AS id, line.date, line.company_id, company.currency_id,
                   partner.commercial_partner_id AS client_id, line.psa_contract_id AS contract_id, line.project_id,
                   line.psa_ticket_id AS ticket_id, line.employee_id, line.user_id, line.psa_work_type_id AS work_type_id,
                   line.psa_role_id AS role_id, 'time'::varchar AS kind,
                   CASE WHEN line.psa_approval_state IS NULL THEN 'non_billable' ELSE 'not_approved' END::varchar AS standing,
                   NULL::integer AS item_id, line.id AS line_id, NULL::integer AS charge_id, NULL::integer AS expense_id,
                   0::float8 AS revenue, 0::float8 AS revenue_invoiced, 0::float8 AS revenue_open,
                   0::float8 AS covered_value, 0::float8 AS written_off_value,
                   CASE WHEN line.amount <> 0 THEN -line.amount::float8
                        ELSE COALESCE((%(role_cost)s), 0)::float8 * line.unit_amount END AS labour_cost,
                   0::float8 AS charge_cost, 0::float8 AS expense_cost,
                   line.unit_amount AS worked_hours,
                   CASE WHEN line.psa_is_billable AND line.psa_approval_state IS NOT NULL
                        THEN line.unit_amount ELSE 0 END AS billable_hours,
                   0::float8 AS drawn_hours, 0::float8 AS available_hours
              FROM account_analytic_line line
              JOIN res_company company ON company.id = line.company_id
              LEFT JOIN res_partner partner ON partner.id = line.partner_id
             WHERE line.project_id IS NOT NULL
               AND NOT EXISTS (
                       SELECT 1 FROM psa_billing_item item
                        WHERE item.source_model = 'account.analytic.line' AND item.source_id = line.id
                   )
            """,
            sources=SOURCES,
            role_cost=self._role_cost(SQL("line.psa_role_id"), SQL("line.date")),
        )

    @api.model
    def _capacity(self):
        """Return the hours employees were there for; they belong to no client."""
        return SQL(
            """
            SELECT capacity.id::bigint * %(sources)s + 2 AS id, capacity.month AS date, capacity.company_id, company.currency_id,
                   NULL::integer AS client_id, NULL::integer AS contract_id, NULL::integer AS project_id,
                   NULL::integer AS ticket_id, capacity.employee_id, employee.user_id, NULL::integer AS work_type_id,
                   NULL::integer AS role_id, 'capacity'::varchar AS kind, 'capacity'::varchar AS standing,
                   NULL::integer AS item_id, NULL::integer AS line_id, NULL::integer AS charge_id, NULL::integer AS expense_id,
                   0::float8 AS revenue, 0::float8 AS revenue_invoiced, 0::float8 AS revenue_open,
                   0::float8 AS covered_value, 0::float8 AS written_off_value, 0::float8 AS labour_cost,
                   0::float8 AS charge_cost, 0::float8 AS expense_cost, 0::float8 AS worked_hours,
                   0::float8 AS billable_hours, 0::float8 AS drawn_hours, capacity.hours AS available_hours
              FROM psa_work_capacity capacity
              JOIN res_company company ON company.id = capacity.company_id
              JOIN hr_employee employee ON employee.id = capacity.employee_id
            """,
            sources=SOURCES,
        )

    @api.model
    def _role_cost(self, role_id, day):
        """Return what an hour of the role costs on a day; inside a CASE, so that it is only looked for where it is needed."""
        return SQL(
            """
            SELECT rate.hourly_cost
              FROM psa_role_rate rate
              JOIN psa_role role_of_rate ON role_of_rate.id = rate.role_id
             WHERE rate.role_id = %(role_id)s AND rate.currency_id = company.currency_id
               AND (
                   rate.company_id = company.id
                   OR rate.company_id IS NULL AND (
                       role_of_rate.company_id IS NOT NULL OR rate.create_uid IS NULL OR rate.create_uid = ANY(%(makers)s)
                       OR EXISTS (
                           SELECT FROM res_company_users_rel maker WHERE maker.cid = company.id AND maker.user_id = rate.create_uid
                       )
                   )
               )
               AND (rate.date_from IS NULL OR rate.date_from <= %(day)s)
               AND (rate.date_to IS NULL OR rate.date_to >= %(day)s)
             ORDER BY rate.company_id NULLS LAST, rate.date_from DESC NULLS LAST, rate.id DESC
             LIMIT 1
            """,
            role_id=role_id,
            day=day,
            makers=self.env["ir.rule"]._psa_makers_for_all(),
        )

    @api.model
    def _exchange(self, currency_id, day):
        """Return what one unit of the currency is worth in the company's, as Odoo converts: by the rates of the day."""
        return SQL(
            """
            CASE WHEN %(currency_id)s = company.currency_id THEN 1::float8
                 ELSE (COALESCE((%(ours)s), (%(our_first)s), 1) / COALESCE((%(theirs)s), (%(their_first)s), 1))::float8 END
            """,
            currency_id=currency_id,
            ours=self._rate(SQL("company.currency_id"), day),
            our_first=self._rate(SQL("company.currency_id")),
            theirs=self._rate(currency_id, day),
            their_first=self._rate(currency_id),
        )

    @api.model
    def _rate(self, currency_id, day=None):
        """Return the rate of a currency on a day; without a day its first one."""
        root_id = SQL("SPLIT_PART(company.parent_path, '/', 1)::integer")
        return SQL(
            """
            SELECT rate.rate FROM res_currency_rate rate
             WHERE rate.currency_id = %(currency_id)s AND (rate.company_id = %(root_id)s OR rate.company_id IS NULL) AND %(when)s
             ORDER BY rate.company_id NULLS LAST, rate.name %(direction)s
             LIMIT 1
            """,
            currency_id=currency_id,
            root_id=root_id,
            when=SQL("rate.name <= %s", day) if day else SQL("TRUE"),
            direction=SQL("DESC") if day else SQL("ASC"),
        )

    def _read_group_select(self, aggregate_spec, query):
        """The ratio of a group is the ratio of its sums: a small job does not weigh as much as a large one."""
        name, _sep, function = aggregate_spec.partition(":")
        if name not in RATIOS or function != "avg":
            return super()._read_group_select(aggregate_spec, query)
        above, below = RATIOS[name]
        # The field is read like any other: whoever may not read what it is made of does not read it either.
        self._fields[name]
        return SQL(
            "SUM(%(above)s) / NULLIF(SUM(%(below)s), 0)",
            above=self._field_to_sql(self._table, above, query),
            below=self._field_to_sql(self._table, below, query),
        )

    def action_open_source(self):
        """Open what the row stands for."""
        self.ensure_one()
        record = self.item_id or self._outside_source() or self.line_id or self.employee_id
        action = {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
        }
        if record == self.line_id:
            action["views"] = [(self.env.ref("psa_billing.view_account_analytic_line_form").id, "form")]
        return action

    def _outside_source(self):
        """Return what the row stands for if it is in no ledger and no time; nothing otherwise."""
        return self.env["psa.billing.item"]
