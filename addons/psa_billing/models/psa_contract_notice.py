from odoo import api, fields, models


class PsaContractNotice(models.Model):
    """A reminder about a contract, with whom it went to. Each is made once, whoever runs at the same time."""

    _name = "psa.contract.notice"
    _description = "Contract Reminder"
    _order = "id desc"

    _key_uniq = models.UniqueIndex("(contract_id, key)", "This reminder was sent already.")

    contract_id = fields.Many2one("psa.contract", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    client_id = fields.Many2one(related="contract_id.client_id")
    prepaid_id = fields.Many2one("psa.contract.prepaid", index="btree_not_null", ondelete="cascade", readonly=True)
    kind = fields.Selection(
        [("renewal", "Renewal"), ("low_balance", "Low Balance"), ("expiry", "Expiry"), ("top_up", "Top-Up")],
        required=True,
        readonly=True,
    )
    key = fields.Char(required=True, readonly=True, help="What it reminds of; each is sent once.")
    level = fields.Integer("Used (%)", readonly=True)
    name = fields.Char("Reminder", required=True, readonly=True)
    body = fields.Text(readonly=True)
    manager_id = fields.Many2one("res.users", "Account Manager", readonly=True)
    recipients = fields.Char("Sent To", readonly=True)

    def _psa_send(self):
        """Send the reminders to the account manager (with something to do) and to the client."""
        manager = self.env.ref("psa_billing.mail_template_contract_notice_manager", raise_if_not_found=False)
        client = self.env.ref("psa_billing.mail_template_contract_notice_client", raise_if_not_found=False)
        today = fields.Date.context_today(self)
        for notice in self.sudo():
            contract, sent_to = notice.contract_id, []
            user = notice.manager_id
            if user:
                contract.activity_schedule(
                    "mail.mail_activity_data_todo", today, summary=notice.name, note=notice.body, user_id=user.id
                )
                if manager and user.email:
                    manager.send_mail(notice.id, email_values={"recipient_ids": [(4, user.partner_id.id)]})
                    sent_to.append(user.name)
            people = contract._psa_notice_partners() if client and contract.is_client_notified else self.env["res.partner"]
            if people:
                client.send_mail(notice.id, email_values={"recipient_ids": [(4, partner.id) for partner in people]})
                sent_to += people.mapped("name")
            notice.recipients = ", ".join(sent_to)

    @api.model
    def _psa_make(self, vals_list):
        """Make and send reminders that were not made before."""
        vals_list = [vals for vals in vals_list if vals]
        if not vals_list:
            return self
        known = {
            (notice.contract_id.id, notice.key)
            for notice in self.sudo().search_fetch(
                [
                    ("contract_id", "in", [vals["contract_id"] for vals in vals_list]),
                    ("key", "in", [vals["key"] for vals in vals_list]),
                ],
                ["contract_id", "key"],
            )
        }
        notices = self.sudo().create(
            [vals for vals in vals_list if (vals["contract_id"], vals["key"]) not in known]
        )
        notices._psa_send()
        return notices
