from odoo import models


class AccountMove(models.Model):
    """What stands behind each line of an invoice, for the client who asks why."""

    _inherit = "account.move"

    def _psa_portal_explained_lines(self, user):
        """Return the lines of the invoice with the work behind them, if this user may read that; else nothing.

        The client's own administrators and approvers may, as far as the invoice is theirs to read, and those who
        bill it and look at it as the client does.
        """
        self.ensure_one()
        if self.state != "posted" or not self._psa_may_ask_why(user):
            return []
        lines = []
        for line in self.sudo().invoice_line_ids.filtered("psa_billing_item_ids").sorted("sequence"):
            items = line.psa_billing_item_ids.with_context(lang=self.env.lang).sorted(lambda item: (item.date, item.id))
            name, _sep, detail = (line.name or "").partition("\n")
            lines.append({"line": line, "name": name, "detail": detail, "rows": items._psa_portal_rows()})
        return lines

    def _psa_may_ask_why(self, user):
        own = self.sudo(False).with_user(user)
        if not own.has_access("read"):
            return False
        if user._is_internal():
            return user.has_group("psa_crm.group_billing") and own.psa_billing_item_ids.has_access("read")
        return user._psa_billed_client() == self.sudo().commercial_partner_id
