from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_is_own_of_rep = fields.Boolean(
        string="Own Contact of the Outside Rep", compute='_compute_psa_is_own_of_rep', search='_search_psa_is_own_of_rep',
        compute_sudo=True, groups='base.group_user',
        help="What an outside rep may see of the contacts: clients whose salesperson or account manager he is or whose lead or quote "
             "he owns, with their people; colleagues; suppliers. For everybody else: any.")

    # Each query of an outside rep asks for the contacts whose salesperson he is.
    _psa_salesperson_idx = models.Index('(user_id) WHERE user_id IS NOT NULL')

    @api.depends_context('uid')
    @api.depends('commercial_partner_id.user_id', 'commercial_partner_id.psa_account_manager_id')
    def _compute_psa_is_own_of_rep(self):
        if not self.env.user._psa_is_outside_rep():
            self.psa_is_own_of_rep = True
            return
        own = self.sudo().with_context(active_test=False).filtered_domain(self._psa_own_of_rep_domain())
        for partner in self:
            partner.psa_is_own_of_rep = partner in own

    @api.model
    def _search_psa_is_own_of_rep(self, operator, value):
        if operator != 'in':
            return NotImplemented
        if not self.env.user._psa_is_outside_rep():
            return Domain.TRUE if True in value else Domain.FALSE
        own = self._psa_own_of_rep_domain()
        return own if True in value else ~own

    @api.model
    def _psa_own_of_rep_domain(self):
        """Return the domain of the contacts that the outside rep may see: of few ids, which is fast on many contacts."""
        return (
            Domain('commercial_partner_id', 'in', self._psa_own_client_ids())
            | Domain('id', 'in', self._psa_staff_partner_ids())
            | (Domain('supplier_rank', '>', 0) & Domain('commercial_partner_id.psa_is_client', '=', False))
        )

    @api.model
    def _psa_own_client_ids(self):
        """Return the ids of the companies (or private persons) that are the outside rep's own."""
        self.env['res.partner'].flush_model(['user_id', 'psa_account_manager_id', 'commercial_partner_id'])
        self.env['crm.lead'].flush_model(['user_id', 'partner_id'])
        self.env['sale.order'].flush_model(['user_id', 'partner_id'])
        return [row[0] for row in self.env.execute_query(SQL(
            """
            SELECT id FROM res_partner WHERE user_id = %(uid)s AND commercial_partner_id = id
             UNION
            SELECT id FROM res_partner WHERE psa_account_manager_id = %(uid)s AND commercial_partner_id = id
             UNION
            SELECT partner.commercial_partner_id FROM crm_lead lead JOIN res_partner partner ON partner.id = lead.partner_id
             WHERE lead.user_id = %(uid)s
             UNION
            SELECT partner.commercial_partner_id FROM sale_order quote JOIN res_partner partner ON partner.id = quote.partner_id
             WHERE quote.user_id = %(uid)s
            """, uid=self.env.uid))]

    @api.model
    def _psa_staff_partner_ids(self):
        """Return the ids of colleagues and companies: without them no screen shows who did what."""
        return [row[0] for row in self.env.execute_query(SQL(
            """
            SELECT partner_id FROM res_users WHERE share IS NOT TRUE
             UNION
            SELECT partner_id FROM res_company
            """))]

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and self.env.user._psa_is_outside_rep():
            self._psa_check_rep_may_use([vals.get('parent_id') for vals in vals_list])
            # A contact that he adds is his: he could not see it otherwise.
            vals_list = [
                vals if vals.get('parent_id') or vals.get('user_id') else {**vals, 'user_id': self.env.uid} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if vals.get('parent_id') and not self.env.su and self.env.user._psa_is_outside_rep():
            self._psa_check_rep_may_use([vals['parent_id']])
        return super().write(vals)

    def export_data(self, fields_to_export):
        if self.env.user._psa_sells_outside():
            raise AccessError(self.env._(
                "Outside reps cannot export clients and contacts. Ask a company administrator for the list you need."))
        return super().export_data(fields_to_export)

    @api.model
    def _psa_check_rep_may_use(self, partner_ids):
        """Refuse an outside rep the use of contacts he cannot see: naming one on his lead would show him its client."""
        if self.env.su or not self.env.user._psa_is_outside_rep():
            return
        partners = self.browse({partner_id for partner_id in partner_ids if partner_id})
        if partners and len(partners._filtered_access('read')) < len(partners):
            raise AccessError(self.env._(
                "This customer is not among your clients. Ask its account manager or a company administrator to make you its "
                "salesperson."))
