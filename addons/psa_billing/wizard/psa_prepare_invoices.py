from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_date, formatLang


class PsaPrepareInvoices(models.TransientModel):
    """The front of a billing run: which released rows become draft invoices, and how."""

    _name = "psa.prepare.invoices"
    _inherit = "psa.wizard.mixin"
    _description = "Prepare Invoices"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date_until = fields.Date(
        "Work Until",
        required=True,
        default=fields.Date.context_today,
        help="Work done after this day is left for the next time, and so is work of billing cycles that are not over "
        "by then.",
    )
    invoice_date = fields.Date(help="Leave empty to date the invoices when they are posted.")
    client_ids = fields.Many2many(
        "res.partner",
        string="Clients",
        domain=[("psa_is_client", "=", True)],
        help="Leave empty for all clients.",
    )
    include_pending = fields.Boolean(
        "Release Rows To Review",
        help="Also invoice the rows nobody has reviewed yet. They are released in your name.",
    )
    has_open_cycles = fields.Boolean(
        "Bill Open Cycles, Too",
        compute="_compute_has_open_cycles",
        compute_sudo=False,
        store=True,
        readonly=False,
        precompute=True,
        help="Also invoice work of billing cycles that are not over yet.",
    )
    on_negative = fields.Selection(
        [("wait", "Wait for the next invoice"), ("refund", "Make a credit note")],
        "Negative Sums",
        required=True,
        default="wait",
        help="What happens if corrections take back more than there is to charge.",
    )
    item_ids = fields.Many2many(
        "psa.billing.item",
        string="Chosen Rows",
        help="Set when the wizard is opened from a selection: only these rows are invoiced.",
    )
    item_count = fields.Integer("Rows", compute="_compute_preview")
    invoice_count = fields.Integer("Draft Invoices", compute="_compute_preview")
    total = fields.Char(compute="_compute_preview", help="Without taxes.")
    error_count = fields.Integer("Cannot Be Priced", compute="_compute_preview")
    pending_count = fields.Integer("Not Reviewed", compute="_compute_preview")
    open_cycle_count = fields.Integer("Cycle Not Over", compute="_compute_preview")
    lock_message = fields.Char(compute="_compute_lock_message")

    @api.depends("item_ids")
    def _compute_has_open_cycles(self):
        for wizard in self:
            # Who picks rows wants those, whatever day it is.
            wizard.has_open_cycles = bool(wizard.item_ids)

    @api.depends(
        "company_id", "date_until", "client_ids", "include_pending", "item_ids", "has_open_cycles", "on_negative"
    )
    def _compute_preview(self):
        Item = self.env["psa.billing.item"]
        for wizard in self:
            rows, moves, totals = self.env["psa.billing.run"]._psa_preview(
                **wizard._get_choice(), **wizard._get_values()
            )
            wizard.item_count = rows
            wizard.invoice_count = moves
            wizard.total = ", ".join(
                formatLang(self.env, amount, currency_obj=currency)
                for currency, amount in totals.items()
            )
            wizard.error_count = Item.search_count(wizard._get_domain("error"))
            wizard.pending_count = (
                0 if wizard.include_pending else Item.search_count(wizard._get_domain("pending"))
            )
            wizard.open_cycle_count = (
                0
                if wizard.has_open_cycles
                else self.env["psa.billing.run"]._psa_preview(
                    **wizard._get_choice(), **{**wizard._get_values(), "has_open_cycles": True}
                )[0]
                - rows
            )

    @api.depends("company_id", "invoice_date")
    def _compute_lock_message(self):
        for wizard in self:
            company = wizard.company_id.sudo()
            journal = self.env["account.journal"].sudo().search(
                [*self.env["account.journal"]._check_company_domain(company), ("type", "=", "sale")], limit=1
            )
            locks = wizard.invoice_date and company._get_violated_lock_dates(
                wizard.invoice_date, True, journal
            )
            wizard.lock_message = (
                self.env._(
                    "The invoice date %(date)s is in a closed period (%(locks)s). Choose a later one.",
                    date=format_date(self.env, wizard.invoice_date),
                    locks=self.env["res.company"]._format_lock_dates(locks),
                )
                if locks
                else False
            )

    def action_prepare(self):
        """Plan the run, make the invoices if they are few, and show how far it is."""
        self.ensure_one()
        if self.lock_message:
            raise UserError(self.lock_message)
        run = self.env["psa.billing.run"]._psa_plan(**self._get_choice(), **self._get_values())
        if not run and self.open_cycle_count:
            raise UserError(
                self.env._(
                    "There is nothing to invoice yet: %(count)s released rows belong to billing cycles that are not over on "
                    "%(day)s. Choose a later day, or “Bill Open Cycles, Too”.",
                    count=self.open_cycle_count,
                    day=format_date(self.env, self.date_until),
                )
            )
        if not run:
            raise UserError(
                self.env._(
                    "There is nothing to invoice: no row until %s is released. Approve time, then "
                    "release its rows in the review.",
                    format_date(self.env, self.date_until),
                )
            )
        run.sudo()._psa_post()
        return {
            "type": "ir.actions.act_window",
            "res_model": "psa.billing.run",
            "res_id": run.id,
            "view_mode": "form",
        }

    def _get_choice(self):
        """Return which rows the run takes."""
        return {
            "company": self.company_id,
            "until": self.date_until,
            "states": ("approved", "pending") if self.include_pending else ("approved",),
            "clients": self.client_ids._origin,
            "items": self.item_ids._origin,
        }

    def _get_values(self):
        """Return what is kept on the run."""
        return {
            "has_open_cycles": self.has_open_cycles,
            "on_negative": self.on_negative,
            "invoice_date": self.invoice_date,
        }

    def _get_domain(self, state):
        domain = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", state)
            & Domain("date", "<=", self.date_until)
        )
        if self.client_ids:
            domain &= Domain("client_id", "in", self.client_ids.commercial_partner_id.ids)
        if self.item_ids:
            domain &= Domain("id", "in", self.item_ids._origin.ids)
        return domain
