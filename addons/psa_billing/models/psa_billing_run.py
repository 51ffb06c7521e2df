from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

# So many invoices are made at once by whoever presses the button; more are left to the scheduler, which shows its progress.
SMALL_RUN = 25


class PsaBillingRun(models.Model):
    """One posting run: rows of the ledger become draft invoices, one for each line of the run.

    A run is planned in one short transaction, which locks its rows and marks them, so that nobody else plans them.
    Then its lines are invoiced, a few at a time. What fails stays on the run with its reason and can be tried again;
    the others go on. Invoices, the link of their rows and the state of their lines are written in one transaction:
    whatever is interrupted is done again as a whole, or was done.
    """

    _name = "psa.billing.run"
    _description = "Billing Run"
    _order = "id desc"
    _check_company_auto = True

    _company_idx = models.Index("(company_id, id DESC)")
    _open_idx = models.Index("(id) WHERE state IN ('running', 'failed')")

    name = fields.Char("Number", required=True, readonly=True, copy=False, index="trigram")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", "Responsible", required=True, readonly=True, ondelete="restrict"
    )
    date_until = fields.Date("Work Until", required=True, readonly=True)
    invoice_date = fields.Date(readonly=True, help="Empty: the day the invoices are posted.")
    client_ids = fields.Many2many("res.partner", string="Clients", readonly=True)
    has_open_cycles = fields.Boolean("Open Cycles, Too", readonly=True)
    on_negative = fields.Selection(
        [("wait", "Wait for the next invoice"), ("refund", "Make a credit note")],
        "Negative Sums",
        required=True,
        readonly=True,
        default="wait",
    )
    state = fields.Selection(
        [
            ("running", "In Progress"),
            ("failed", "Needs Attention"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="running",
    )
    line_ids = fields.One2many("psa.billing.run.line", "run_id", "Invoices to Be", readonly=True)
    line_count = fields.Integer("Lines", compute="_compute_progress")
    planned_count = fields.Integer("To Do", compute="_compute_progress")
    failed_count = fields.Integer("Failed", compute="_compute_progress")
    move_count = fields.Integer("Invoices", compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress", help="Share of the lines that are dealt with.")
    total = fields.Char("Invoiced", compute="_compute_progress", help="Without taxes.")

    @api.depends("line_ids.state")
    @api.depends_context("uid", "lang")
    def _compute_progress(self):
        groups = {}
        for run, *group in self.env["psa.billing.run.line"]._read_group(
            [("run_id", "in", self.ids)],
            ["run_id", "state", "currency_id"],
            ["__count", "move_id:count", "amount:sum"],
        ):
            groups.setdefault(run.id, []).append(group)
        for run in self:
            counts, totals = {}, {}
            moves = 0
            for state, currency, count, move_count, amount in groups.get(run.id, ()):
                counts[state] = counts.get(state, 0) + count
                moves += move_count
                if state == "done":
                    totals[currency] = totals.get(currency, 0.0) + amount
            run.line_count = sum(counts.values())
            run.planned_count = counts.get("planned", 0)
            run.failed_count = counts.get("failed", 0)
            run.move_count = moves
            run.progress = 100 * (1 - run.planned_count / run.line_count) if run.line_count else 100
            run.total = ", ".join(
                formatLang(self.env, amount, currency_obj=currency)
                for currency, amount in totals.items()
            )

    def action_retry(self):
        """Try the failed lines again."""
        self.line_ids.action_retry()
        return True

    def action_cancel(self):
        """Give the rows of the lines that were not invoiced yet back to “To Invoice”."""
        self.line_ids.action_cancel()
        return True

    def action_refresh(self):
        """Show how far the run has come."""
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_view_moves(self):
        """Open the invoices of these runs."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        moves = self.line_ids.move_id
        if len(moves) == 1:
            action.update(res_id=moves.id, views=[(False, "form")], view_mode="form")
        else:
            action["domain"] = [("id", "in", moves.ids)]
        action["context"] = {"default_move_type": "out_invoice"}
        return action

    def action_view_items(self):
        """Open the ledger rows of these runs."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_billing_item"
        )
        action["domain"] = [("run_line_ids.run_id", "in", self.ids)]
        action["context"] = {}
        return action

    def _psa_post(self):
        """Make the invoices of the planned lines: at once if they are few, else by the scheduler."""
        planned = self.line_ids.filtered(lambda line: line.state == "planned")
        if len(planned) > SMALL_RUN:
            self._psa_wake_workers()
            return
        planned._psa_locked(("planned",))._psa_post()
        self._psa_finish()

    def _psa_finish(self):
        """Close the runs that have nothing left to do."""
        if not self:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE psa_billing_run AS run
                   SET state = CASE
                           WHEN lines.failed THEN 'failed' WHEN lines.dropped THEN 'cancelled' ELSE 'done'
                       END
                  FROM (SELECT line.run_id,
                               bool_or(line.state = 'planned') AS open,
                               bool_or(line.state = 'failed') AS failed,
                               bool_and(line.state = 'cancelled') AS dropped
                          FROM psa_billing_run_line AS line
                         WHERE line.run_id = ANY(%(ids)s)
                         GROUP BY line.run_id) AS lines
                 WHERE run.id = lines.run_id AND NOT lines.open
                """,
                ids=self.ids,
            )
        )
        self.invalidate_recordset(["state"])

    @api.model
    def _psa_wake_workers(self):
        """Have the scheduler work on what is planned."""
        for number in (1, 2):
            self.env.ref(f"psa_billing.ir_cron_billing_run_{number}").sudo()._trigger()
