from odoo import api, models
from odoo.tools import SQL


class CrmLead(models.Model):
    _inherit = 'crm.lead'

    @api.model_create_multi
    def create(self, vals_list):
        leads = super().create(vals_list)
        leads.filtered(lambda lead: lead.won_status == 'won')._psa_welcome_clients()
        return leads

    def write(self, vals):
        won_before = self.filtered(lambda lead: lead.won_status == 'won')
        result = super().write(vals)
        if vals.keys() & {'stage_id', 'probability', 'active', 'partner_id'}:
            won = self.filtered(lambda lead: lead.won_status == 'won')
            # A won opportunity may get its customer only afterwards.
            (won if 'partner_id' in vals else won - won_before)._psa_welcome_clients()
        return result

    def _psa_welcome_clients(self):
        """Take the customers of won opportunities into service: who is no client yet, or only a prospect, is being onboarded."""
        # Who wins an opportunity need not be allowed to edit clients.
        by_client = self.sudo().filtered('partner_id').grouped(lambda lead: lead.partner_id.commercial_partner_id)
        for client, leads in by_client.items():
            if client.psa_is_client and client.psa_client_status != 'prospect':
                continue
            lead = leads[-1:]
            values = {'psa_is_client': True, 'psa_client_status': 'onboarding'}
            if not client.psa_is_client and not client.company_id and lead._psa_may_claim(client):
                values['company_id'] = lead.company_id.id
            if not client.user_id and lead.user_id:
                values['user_id'] = lead.user_id.id
            client.write(values)
            client._message_log(body=self.env._(
                "Opportunity %s was won: the client is being taken into service.", lead._get_html_link()))

    def _psa_may_claim(self, customer):
        """Tell whether a new client becomes one of the lead's company: no other company has business with it."""
        return bool(self.company_id) and not self.env.execute_query(SQL(
            """
            SELECT 1 FROM account_move_line line JOIN res_partner partner ON partner.id = line.partner_id
             WHERE partner.commercial_partner_id = %s AND line.company_id != %s LIMIT 1
            """, customer.id, self.company_id.id))
