from odoo import SUPERUSER_ID, api, models, tools
from odoo.exceptions import RedirectWarning

SOLVED_STATES = ("resolved", "closed")


class PsaTicket(models.Model):
    """A desk may want to know what solved a ticket before it is resolved, whichever way that is done."""

    _inherit = "psa.ticket"

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        if self._desks_that_ask():
            tickets.filtered(lambda ticket: ticket.state in SOLVED_STATES)._check_resolution()
        return tickets

    def write(self, vals):
        if "stage_id" not in vals or not self._desks_that_ask():
            return super().write(vals)
        unsolved = self.filtered(lambda ticket: ticket.state not in SOLVED_STATES)
        result = super().write(vals)
        unsolved.filtered(lambda ticket: ticket.state in SOLVED_STATES)._check_resolution()
        return result

    def action_open_resolve(self):
        """Resolve the tickets; where the desk wants to know what solved them, ask for it first."""
        if self._without_resolution():
            return self._action_write_resolution()
        return self.action_resolve()

    def _action_write_resolution(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_resolve")
        return {**action, "context": {"active_model": self._name, "active_ids": self.ids}}

    @api.model
    @tools.ormcache()
    def _desks_that_ask(self):
        """Return the ids of the desks that want a resolution; cached until a desk changes."""
        settings = self.env["psa.desk"]._settings_by_desk()
        return frozenset(desk_id for desk_id, setting in settings.items() if setting["resolution_required"])

    def _needs_resolution(self):
        """Return those of these tickets whose desk wants a resolution of who resolves them now.

        The client closes his own tickets without, and so does the system, which has nobody to ask.
        """
        if self.env.user.share or self.env.uid == SUPERUSER_ID:
            return self.browse()
        desks = self._desks_that_ask()
        return self.filtered(lambda ticket: ticket.sudo().desk_id.id in desks)

    def _without_resolution(self):
        """Return those of these tickets that nobody may resolve before he has written what solved them."""
        wanted = self._needs_resolution()
        if not wanted:
            return wanted
        solved = self.env["psa.ticket.entry"].sudo()._read_group(
            [("ticket_id", "in", wanted.ids), ("kind", "=", "resolution")], ["ticket_id"]
        )
        return wanted - self.browse(ticket.id for ticket, in solved)

    def _check_resolution(self):
        missing = self._without_resolution()
        if missing:
            raise RedirectWarning(
                self.env._(
                    "Desk “%(desk)s” wants to know what solved a ticket before it is resolved. Add a Resolution to: %(tickets)s.",
                    desk="”, “".join(missing.sudo().desk_id.mapped("name")), tickets=", ".join(missing.mapped("display_name")),
                ),
                self.env.ref("psa_helpdesk.action_psa_ticket_resolve").id,
                self.env._("Write the Resolution"),
                {"active_model": self._name, "active_ids": missing.ids},
            )
