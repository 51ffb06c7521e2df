from odoo import api, fields, models
from odoo.exceptions import UserError


class PsaTicket(models.Model):
    """Charges and expenses on tickets: added in place, counted, and moved along when tickets are merged.

    What is approved is locked and stays with the ticket it was approved on, as time does.
    """

    _inherit = "psa.ticket"

    psa_charge_ids = fields.One2many(
        "psa.charge", "ticket_id", "Charges", groups="psa_crm.group_technician,psa_crm.group_billing"
    )
    psa_charge_count = fields.Integer(compute="_compute_psa_charges", groups="base.group_user")
    psa_charge_amount = fields.Monetary(
        "Charged besides Time", compute="_compute_psa_charges", currency_field="psa_currency_id", groups="psa_billing.group_charge_price"
    )
    psa_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of Charges")
    psa_expense_count = fields.Integer("Expenses", compute="_compute_psa_expense_count", groups="base.group_user")

    @api.depends("psa_charge_ids.amount")
    def _compute_psa_charges(self):
        today = fields.Date.context_today(self)
        totals = {}
        for ticket, currency, count, amount in (
            self.env["psa.charge"]
            .sudo()
            ._read_group([("ticket_id", "in", self.ids)], ["ticket_id", "currency_id"], ["__count", "amount:sum"])
        ):
            known_count, known_amount = totals.get(ticket.id, (0, 0.0))
            here = currency._convert(amount, ticket.company_id.currency_id, ticket.company_id, today)
            totals[ticket.id] = known_count + count, known_amount + here
        for ticket in self:
            ticket.psa_charge_count, ticket.psa_charge_amount = totals.get(ticket._origin.id, (0, 0.0))

    @api.depends_context("uid")
    def _compute_psa_expense_count(self):
        counts = dict(
            self.env["hr.expense"]._read_group([("psa_ticket_id", "in", self.ids)], ["psa_ticket_id"], ["__count"])
            if self.env["hr.expense"].has_access("read")
            else []
        )
        for ticket in self:
            ticket.psa_expense_count = counts.get(ticket._origin, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_charges(self):
        for model, fname in (("psa.charge", "ticket_id"), ("hr.expense", "psa_ticket_id")):
            if self.env[model].sudo().search_count([(fname, "in", self.ids)], limit=1):
                raise UserError(
                    self.env._("A ticket with charges or expenses on it cannot be deleted. Cancel the ticket instead.")
                )

    def action_add_charge(self):
        """Add a charge in a dialog."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge_add")
        action["context"] = {"default_ticket_id": self.id}
        return action

    def action_view_psa_charges(self):
        """Open the charges on these tickets."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge")
        action["domain"] = [("ticket_id", "in", self.ids)]
        action["context"] = {"default_ticket_id": self[:1].id}
        return action

    def action_view_psa_expenses(self):
        """Open the expenses made for these tickets."""
        action = self.env["ir.actions.act_window"]._for_xml_id("hr_expense.hr_expense_actions_my_all")
        action["name"] = self.env._("Expenses")
        action["domain"] = [("psa_ticket_id", "in", self.ids)]
        action["context"] = {"default_psa_ticket_id": self[:1].id}
        return action

    def _merge_into(self, survivor):
        moved = super()._merge_into(survivor)
        if self._is_stranger_to(survivor):
            # What another client is to pay stays with his ticket.
            return moved
        for model, fname in (("psa.charge", "ticket_id"), ("hr.expense", "psa_ticket_id")):
            records = self._merge_movable(self.env[model].sudo().search([(fname, "=", self.id)]))
            if records:
                records.write({fname: survivor.id})
                moved.append((model, fname, records.ids))
        return moved

    @api.model
    def _merge_movable(self, records):
        records = super()._merge_movable(records)
        if records._name == "psa.charge":
            return records.filtered(lambda charge: charge.approval_state != "approved")
        if records._name == "hr.expense":
            return records.filtered(lambda expense: expense.state in ("draft", "submitted"))
        return records
