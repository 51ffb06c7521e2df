from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import item_fields
from ..core import item_index_sql


class PsaBillingRunLine(models.Model):
    """One invoice to be of a run: the rows of a client and a contract (or all grouped by client) of one cycle."""

    _name = "psa.billing.run.line"
    _description = "Billing Run Line"
    _order = "run_id desc, id"
    _check_company_auto = True

    _group_uniq = models.UniqueIndex(
        "(run_id, client_id, currency_id, group_key)",
        "A run makes one invoice for each client, contract, currency and cycle.",
    )
    _move_uniq = models.UniqueIndex(
        "(move_id) WHERE move_id IS NOT NULL", "An invoice belongs to one line of a run."
    )
    _run_idx = models.Index("(run_id DESC, id)")
    _planned_idx = models.Index("(id) WHERE state = 'planned'")

    run_id = fields.Many2one("psa.billing.run", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    client_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    contract_id = fields.Many2one(
        "psa.contract",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Empty if there is none, or more than one.",
    )
    contract_ids = fields.Many2many(
        "psa.contract",
        "psa_billing_run_line_contract_rel",
        "line_id",
        "contract_id",
        "Contracts",
        readonly=True,
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    group_key = fields.Char(required=True, readonly=True, help="What makes the invoice one of its own in the run.")
    cycle_end = fields.Date(readonly=True, help="The first day after the billing cycle.")
    cycle_last_day = fields.Date("Cycle Until", compute="_compute_cycle_last_day")
    item_ids = item_fields.ItemMarks(
        "psa.billing.item", item_index_sql.MARKS, "line_id", "item_id", "Ledger Rows", readonly=True
    )
    item_count = fields.Integer("Rows", readonly=True)
    covered_count = fields.Integer("Covered Rows", readonly=True)
    amount = fields.Monetary(readonly=True, help="Without taxes.")
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("done", "Invoiced"),
            ("covered", "Nothing to Pay"),
            ("waiting", "Waits for the Next Invoice"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="planned",
    )
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, ondelete="set null")
    move_state = fields.Selection(related="move_id.state", string="Invoice State")
    error = fields.Text("Problem", readonly=True)
    note = fields.Text("Remarks", readonly=True)
    message = fields.Text("Problem or Remark", compute="_compute_message")

    @api.depends("client_id", "contract_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = " · ".join(
                filter(None, [line.client_id.name, line.contract_id.display_name])
            )

    @api.depends("cycle_end")
    def _compute_cycle_last_day(self):
        for line in self:
            line.cycle_last_day = line.cycle_end and fields.Date.subtract(line.cycle_end, days=1)

    @api.depends("error", "note")
    def _compute_message(self):
        for line in self:
            line.message = "\n".join(filter(None, [line.error, line.note])) or False

    def action_retry(self):
        """Try failed lines again: at once if they are few, else by the scheduler."""
        lines = self._psa_allowed()._psa_locked(("failed",))
        if lines:
            lines.write({"state": "planned", "error": False})
            lines.run_id.write({"state": "running", "user_id": self.env.uid})
            lines.run_id._psa_post()
        return True

    def action_cancel(self):
        """Give the rows of lines that were not invoiced yet back to “To Invoice”."""
        lines = self._psa_allowed()._psa_locked(("planned", "failed"))
        lines._psa_let_go("cancelled", self.env._("Cancelled by %s.", self.env.user.name))
        lines.run_id._psa_finish()
        return True

    def action_open_move(self):
        """Open the invoice."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    def action_view_items(self):
        """Open the ledger rows of these lines."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_billing_item"
        )
        action["domain"] = [("run_line_ids", "in", self.ids)]
        action["context"] = {}
        return action

    def _psa_allowed(self):
        """Return the lines of clients the user works for, with full rights; only billing gets any."""
        self.env["psa.billing.item"]._check_billing()
        self.check_access("read")
        if self.filtered(lambda line: not line.psa_can_write):
            raise UserError(
                self.env._("The run has invoices of clients whose contracts you may only read. Ask who started it.")
            )
        return self.sudo()

    def _psa_locked(self, states):
        """Lock the lines in id order and return those that are (still) in one of the states."""
        if not self:
            return self
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM psa_billing_run_line WHERE id = ANY(%s) AND state = ANY(%s) ORDER BY id FOR UPDATE",
                self.ids,
                list(states),
            )
        )
        self.invalidate_recordset()
        return self.browse(id_ for (id_,) in rows)

    def _psa_let_go(self, state, note):
        """Give the rows of these lines back, and say why."""
        self.env["psa.billing.item"].flush_model(["run_line_ids", "state"])
        self.env.cr.execute(
            SQL(
                """DELETE FROM psa_billing_run_line_item_rel AS rel USING psa_billing_item AS item
                    WHERE rel.line_id = ANY(%s) AND item.id = rel.item_id AND item.state <> 'invoiced'""",
                self.ids,
            )
        )
        self.env["psa.billing.item"].invalidate_model(["run_line_ids"])
        self.invalidate_recordset(["item_ids"])
        self.write({"state": state, "note": note, "error": False})
