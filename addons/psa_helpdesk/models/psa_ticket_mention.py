from odoo import models


class PsaTicket(models.Model):
    """Who is mentioned gets the message only if he may read the ticket, and internal notes only if he works here."""

    _inherit = "psa.ticket"

    def message_post(self, *, partner_ids=None, subtype_xmlid=None, subtype_id=False, **kwargs):
        if partner_ids and len(self) == 1:
            is_internal = kwargs.get("is_internal") or self._psa_is_internal_subtype(subtype_xmlid, subtype_id)
            partner_ids = self._psa_readers(partner_ids, is_internal)
        return super().message_post(partner_ids=partner_ids, subtype_xmlid=subtype_xmlid, subtype_id=subtype_id, **kwargs)

    def _message_update_content(self, message, /, *, partner_ids=None, **kwargs):
        if partner_ids:
            is_internal = message.is_internal or not message.subtype_id or message.subtype_id.internal
            partner_ids = self._psa_readers(partner_ids, is_internal)
        return super()._message_update_content(message, partner_ids=partner_ids, **kwargs)

    def _psa_is_internal_subtype(self, subtype_xmlid, subtype_id):
        """Return whether a message of this subtype stays inside; without a subtype, Odoo makes a note of it."""
        Subtype = self.env["mail.message.subtype"].sudo()
        subtype = self.env.ref(subtype_xmlid, raise_if_not_found=False) if subtype_xmlid else Subtype.browse(subtype_id or [])
        return not subtype or subtype.sudo().internal

    def _psa_readers(self, partner_ids, is_internal):
        """Return the partners who may get a message, and tell its author about the others.

        Somebody who is mentioned could read the message whatever the access rules say about the ticket, so who must not is
        taken out before it is written.
        """
        self.ensure_one()
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        refused = partners.browse()
        for partner in partners:
            staff = partner.user_ids.filtered(lambda user: not user.share)[:1]
            if staff:
                reader = self.with_user(staff).with_context(allowed_company_ids=staff.company_ids.ids)
                if not reader.has_access("read"):
                    refused |= partner
            elif is_internal:
                refused |= partner
        if refused:
            self._psa_tell_refused(refused, is_internal)
        return (partners - refused).ids

    def _psa_tell_refused(self, refused, is_internal):
        """Show the author who was not told, and what he can do about it."""
        names = ", ".join(partner.name or partner.email or "?" for partner in refused)
        text = self.env._("%s was not told: he may not read this ticket. Let him in by an access rule, or ask somebody else.", names)
        if is_internal and all(partner.partner_share for partner in refused):
            text = self.env._("%s was not told: internal notes do not go to clients. Send a message to reach him.", names)
        self.env.user._bus_send("simple_notification", {
            "type": "warning", "title": self.env._("Not everybody was told"), "message": text, "sticky": True,
        })
