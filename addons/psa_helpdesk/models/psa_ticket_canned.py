from odoo import models
from odoo.fields import Domain


class PsaTicket(models.Model):
    """Kept answers in the composer of a ticket."""

    _inherit = "psa.ticket"

    def psa_canned_responses(self):
        """Return what the composer offers on this ticket, filled in and in the client's language.

        :return: list of dictionaries with id, source (shortcut), substitution (the text) and scope
        """
        self.ensure_one()
        self.check_access("read")
        desk_id = self.sudo().desk_id.id
        # Who works a ticket that was lent to him answers with what his own company keeps.
        companies = self.company_id if self.company_id in self.env.companies else self.env.companies
        responses = self.env["mail.canned.response"].search(
            Domain("psa_scope", "=", False)
            | Domain("psa_scope", "=", "personal") & Domain("create_uid", "=", self.env.uid)
            | Domain("psa_scope", "=", "company") & Domain("company_id", "in", companies.ids)
            | Domain("psa_scope", "=", "desk") & Domain("psa_desk_id", "=", desk_id),
            order="source, id",
        )
        return [
            {
                "id": response.id,
                "source": response.source,
                "substitution": response._psa_render(self),
                "scope": response.psa_scope or "discuss",
            }
            for response in responses
        ]

    def _psa_client_lang(self):
        """Return the language in which this client is answered."""
        ticket = self.sudo()
        return ticket.partner_id.lang or ticket.client_id.lang or ticket.company_id.partner_id.lang

    def _psa_placeholder_values(self):
        """Return what may be filled into an answer on this ticket, by the names of ``core/placeholders.py``."""
        self.ensure_one()
        ticket, user = self.sudo(), self.env.user.sudo()
        contact_name = ticket.partner_id.name or ""
        return {
            "ticket.number": ticket.number,
            "ticket.subject": ticket.name,
            "ticket.stage": ticket.with_context(lang=self._psa_client_lang()).stage_id.name,
            "ticket.link": f"{ticket.get_base_url()}/my/tickets/{ticket.id}",
            "contact.name": contact_name,
            "contact.first_name": contact_name.split(" ")[0],
            "client.name": ticket.client_id.name,
            "my.name": user.name,
            "my.email": user.email,
            "my.phone": user.partner_id.phone,
            "desk.name": ticket.desk_id.name,
            "desk.email": ticket.desk_id.alias_email,
            "company.name": ticket.company_id.name,
            "company.phone": ticket.company_id.phone,
        }
