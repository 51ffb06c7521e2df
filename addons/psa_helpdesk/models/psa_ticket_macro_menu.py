from odoo import models


class PsaTicket(models.Model):
    """Macros on the form, on selected tickets of a list and on the cards of the board."""

    _inherit = "psa.ticket"

    def psa_macros(self):
        """Return the macros that can run on these tickets, in order."""
        self.check_access("read")
        Macro = self.env["psa.ticket.macro"]
        if not Macro.has_access("read") or not self.has_access("write"):
            return []
        return Macro.search_read(Macro._domain_for(self), ["name", "description", "needs_confirmation"])

    def action_run_macro(self, macro_id):
        """Run one macro on these tickets: all of it, or nothing."""
        self.env["psa.ticket.macro"].browse(macro_id)._run(self)
        return True

    def action_choose_macro(self):
        """Ask which macro to run on these tickets."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Run a Macro"),
            "res_model": "psa.ticket.macro.run",
            "view_mode": "form",
            "target": "new",
            "context": {"default_ticket_ids": self.ids},
        }
