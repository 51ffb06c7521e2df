from odoo import api, fields, models


class PsaTicketMacroRun(models.TransientModel):
    """Choose the macro to run on selected tickets."""

    _name = "psa.ticket.macro.run"
    _description = "Run a Macro"

    ticket_ids = fields.Many2many("psa.ticket", required=True)
    ticket_count = fields.Integer(compute="_compute_ticket_count")
    available_macro_ids = fields.Many2many("psa.ticket.macro", compute="_compute_available_macro_ids")
    macro_id = fields.Many2one("psa.ticket.macro", required=True, domain="[('id', 'in', available_macro_ids)]")
    description = fields.Text(related="macro_id.description")

    @api.depends("ticket_ids")
    def _compute_ticket_count(self):
        for wizard in self:
            wizard.ticket_count = len(wizard.ticket_ids)

    @api.depends("ticket_ids")
    def _compute_available_macro_ids(self):
        Macro = self.env["psa.ticket.macro"]
        for wizard in self:
            wizard.available_macro_ids = Macro.search(Macro._domain_for(wizard.ticket_ids))

    def action_run(self):
        """Run the macro on the tickets."""
        self.ensure_one()
        self.macro_id._run(self.ticket_ids)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
