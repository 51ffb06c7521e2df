from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import formatLang


class PsaPrepareInvoices(models.TransientModel):
    """Turn released ledger rows into draft invoices: one per client, contract and currency."""

    _name = "psa.prepare.invoices"
    _description = "Prepare Invoices"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date_until = fields.Date(
        "Work Until",
        required=True,
        default=fields.Date.context_today,
        help="Work done after this day is left for the next time.",
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

    @api.depends("company_id", "date_until", "client_ids", "include_pending", "item_ids")
    def _compute_preview(self):
        Item = self.env["psa.billing.item"]
        for wizard in self:
            groups = Item._read_group(
                wizard._get_domain(wizard._get_states()),
                ["client_id", "contract_id", "currency_id"],
                ["__count", "amount:sum"],
            )
            totals = {}
            for _client, _contract, currency, _count, amount in groups:
                totals[currency] = totals.get(currency, 0.0) + amount
            wizard.item_count = sum(count for *_key, count, _amount in groups)
            wizard.invoice_count = len(groups)
            wizard.total = ", ".join(
                formatLang(self.env, amount, currency_obj=currency)
                for currency, amount in totals.items()
            )
            wizard.error_count = Item.search_count(wizard._get_domain(("error",)))
            wizard.pending_count = (
                0
                if wizard.include_pending
                else Item.search_count(wizard._get_domain(("pending",)))
            )

    def action_prepare(self):
        """Make the draft invoices and show them."""
        self.ensure_one()
        items = self._take_items()
        if not items:
            raise UserError(
                self.env._(
                    "There is nothing to invoice: no row until %s is released. Approve time, then "
                    "release its rows in the review.",
                    self.date_until,
                )
            )
        moves = self._create_moves(items)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        if len(moves) == 1:
            action.update(res_id=moves.id, views=[(False, "form")], view_mode="form")
        else:
            action["domain"] = [("id", "in", moves.ids)]
        action["context"] = {"default_move_type": "out_invoice"}
        return action

    def _get_states(self):
        return ("approved", "pending") if self.include_pending else ("approved",)

    def _get_domain(self, states):
        domain = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "in", states)
            & Domain("date", "<=", self.date_until)
        )
        if self.client_ids:
            domain &= Domain("client_id", "in", self.client_ids.commercial_partner_id.ids)
        if self.item_ids:
            domain &= Domain("id", "in", self.item_ids.ids)
        return domain

    def _take_items(self):
        """Lock the rows to invoice; whoever presses at the same time waits, then finds them taken."""
        items = self.env["psa.billing.item"].search(self._get_domain(self._get_states()))
        items._check_billing()
        items = items._locked(self._get_states())
        items.filtered(lambda item: item.state == "pending").action_approve()
        return items.sorted(lambda item: (item.date, item.id))

    def _create_moves(self, items):
        groups = items.grouped(lambda item: (item.client_id, item.contract_id, item.currency_id))
        moves = (
            self.env["account.move"]
            .with_company(self.company_id)
            .create([self._prepare_move_vals(*key, rows) for key, rows in groups.items()])
        )
        line_by_item = {}
        for move, rows in zip(moves, groups.values(), strict=True):
            lines = move.invoice_line_ids.sorted("sequence")
            line_by_item.update(zip(rows, lines, strict=True))
        items.sudo()._psa_invoice(line_by_item)
        return moves

    def _prepare_move_vals(self, client, contract, currency, items):
        """Return the values of one draft invoice.

        Journal, payment terms and fiscal position are left to Odoo, which takes them from the partner.
        """
        address = client.address_get(["invoice"])["invoice"]
        return {
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "partner_id": address,
            "currency_id": currency.id,
            "invoice_date": self.invoice_date,
            "invoice_user_id": contract.user_id.id or self.env.uid,
            "invoice_origin": contract.display_name or self.env._("Time and Materials"),
            "invoice_line_ids": [
                fields.Command.create(self._prepare_line_vals(item, sequence))
                for sequence, item in enumerate(items, start=1)
            ],
        }

    def _prepare_line_vals(self, item, sequence):
        """Return the values of one invoice line; Odoo adds account and taxes from the product."""
        vals = {
            "sequence": sequence,
            "name": item.name,
            "product_id": item.product_id.id,
            "product_uom_id": item.uom_id.id,
            "quantity": item.quantity,
            "price_unit": item.price_unit,
        }
        if item.contract_id.analytic_distribution:
            vals["analytic_distribution"] = item.contract_id.analytic_distribution
        return vals
