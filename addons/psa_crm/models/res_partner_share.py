from odoo import fields, models
from odoo.exceptions import AccessError, ValidationError

from .psa_client_share_states import OPEN


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_share_ids = fields.One2many('psa.client.share', 'client_id', string="Shares", groups='psa_crm.group_technician')
    psa_share_count = fields.Integer(
        string="Open Shares", compute='_compute_psa_share_count', groups='psa_crm.group_technician',
        help="With how many people, teams and companies the client is shared now, or will be.")
    psa_access_rule_ids = fields.One2many(
        'psa.access.rule', 'client_id', string="Access Rules", groups='psa_crm.group_company_admin')

    def _compute_psa_share_count(self):
        counts = dict(self.env['psa.client.share']._read_group(
            [('client_id', 'in', self.ids), ('state', 'in', OPEN)], ['client_id'], ['__count']))
        for partner in self:
            partner.psa_share_count = counts.get(partner._origin, 0)

    def action_psa_shares(self):
        """Open with whom this client is shared; from there it can be shared."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_client_share_given')
        return {
            **action, 'name': self.env._("Shares of %s", self.name), 'domain': [('client_id', '=', self.id)],
            'context': {'default_client_id': self.id, 'search_default_open': 1},
        }

    def _psa_may_share(self, receiver=None):
        """Tell whether the current user may share this client: its own company's administrators and its account manager.

        Its primary technician may ask a colleague of the company to stand in.
        """
        self.ensure_one()
        client, user = self.sudo(), self.env.user
        if not client.company_id or client.company_id.id not in user._get_company_ids():
            return False
        if client.psa_account_manager_id == user or user.has_group('psa_crm.group_company_admin'):
            return True
        return bool(
            receiver and client.psa_primary_technician_id == user and client.company_id in receiver.sudo().company_ids)

    def _psa_check_may_share(self, receiver=None):
        """Refuse to share clients that the current user does not answer for."""
        if self.env.su:
            return
        for partner in self.filtered(lambda partner: partner.sudo().company_id):
            if partner._psa_may_share(receiver):
                continue
            company = partner.sudo().company_id
            if company.id not in self.env.user._get_company_ids():
                raise AccessError(self.env._(
                    "%(client)s was only lent to you by %(company)s, so you cannot pass it on. Ask %(company)s to share it.",
                    client=partner.sudo().name, company=company.name))
            raise AccessError(self.env._(
                "Only the account manager of %s or a company administrator can share it.", partner.sudo().name))

    def _psa_refuse_without_company(self):
        raise ValidationError(self.env._(
            "%s belongs to no service company: every company of this database has it already. "
            "Set its Company first, then share it.", self.sudo().display_name or self.env._("The client")))
