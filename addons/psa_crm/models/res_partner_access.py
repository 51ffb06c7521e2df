from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from ..core import access
from .psa_access_explanation import Reason

# What a client is to its service company; whom it is lent to leaves that alone.
OWNER_FIELDS = {
    'company_id', 'psa_is_client', 'parent_id', 'active', 'psa_client_class_id', 'psa_account_manager_id', 'psa_primary_technician_id'}

# Where a partner belongs, and what rules go by.
MEMBER_FIELDS = {'company_id', 'psa_is_client', 'parent_id', 'is_company'}
CLIENT_FIELDS = {'psa_client_class_id', 'psa_account_manager_id', 'psa_primary_technician_id'}


class ResPartner(models.Model):
    """Who sees and changes which contacts.

    Clients, their people and addresses follow the access to the client. Of all others a person sees those of his companies
    and those without a company, with the exception of people who work for companies that he does not belong to.
    """

    _name = 'res.partner'
    _inherit = ['res.partner', 'psa.access.mixin']

    _psa_access_client = 'commercial_partner_id'
    _psa_access_write_level = access.FULL

    # Contacts of clients are told from others by their company's row.
    _psa_client_id_idx = models.Index('(id) WHERE psa_is_client IS TRUE')

    @api.model
    def _psa_access_depends(self):
        return ['commercial_partner_id.psa_is_client', 'commercial_partner_id.company_id', 'company_id', 'partner_share']

    def _psa_compute_access(self, fname, level):
        effective = self.env['psa.access']._psa_effective()
        if effective is None:
            self[fname] = True
            return
        now = self.env['psa.access']._psa_now()
        selected = self._psa_selected_companies(effective)
        partners = self.sudo()
        colleagues, outsiders = partners._psa_read_staff(effective)
        for partner, partner_sudo in zip(self, partners, strict=True):
            partner[fname] = partner_sudo._psa_partner_access(
                level, effective, selected, now, partner._origin.id in colleagues, partner._origin.id in outsiders)

    def _psa_partner_access(self, level, effective, selected, now, is_colleague, is_outsider):
        """Tell whether the person has the level for this contact; what a client record needs, its people need less of."""
        client = self.commercial_partner_id
        if level == access.FULL and client != self:
            level = access.WORK
        if is_colleague or effective.lent_level(client._origin.id, access.CLIENT, now, apart_from=selected) >= level:
            return True
        company_id = self.company_id.id
        if is_outsider or (company_id and company_id not in selected):
            return False
        if not client.psa_is_client:
            return True
        return any(
            effective.level('client', one_id, client._origin.id, access.CLIENT, now) >= level
            for one_id in ([company_id] if company_id else selected))

    def _psa_read_staff(self, effective):
        """Return the ids of those who work in a company of the person, and of those who belong to other companies only."""
        asked = self.filtered(lambda partner: not (partner.commercial_partner_id.psa_is_client and partner.partner_share))
        if not asked:
            return set(), set()
        self.env['res.users'].flush_model(['partner_id', 'share', 'company_ids'])
        colleagues, outsiders = self._psa_staff_sql(effective)
        rows = self.env.execute_query(SQL(
            """SELECT p.id, p.id IN (%s), p.id IN (%s) FROM res_partner p WHERE p.id = ANY(%s)""",
            colleagues, outsiders, asked._origin.ids))
        return {row[0] for row in rows if row[1]}, {row[0] for row in rows if row[2]}

    @api.model
    def _psa_access_domain(self, level):
        effective = self.env['psa.access']._psa_effective()
        if effective is None:
            return Domain.TRUE
        now = self.env['psa.access']._psa_now()
        selected = self._psa_selected_companies(effective)
        levels = [level] if level != access.FULL else [access.FULL, access.WORK]

        def to_sql(model, alias, query):
            colleagues, outsiders = model._psa_staff_sql(effective)
            columns = {name: SQL.identifier(alias, name) for name in ('id', 'company_id', 'commercial_partner_id')}
            own, lent = [], []
            for one_level in levels:
                # Changing the client itself takes more than changing its people.
                people_only = SQL("TRUE") if one_level == level else SQL(
                    "%s <> %s", columns['id'], columns['commercial_partner_id'])
                own += [
                    SQL("(%s AND %s)", people_only, condition)
                    for condition in model._psa_own_conditions(columns, effective, selected, one_level, now)
                ]
                listing = effective.lent(access.CLIENT, one_level, now, apart_from=selected)
                if listing.items:
                    lent.append(SQL(
                        "(%s AND %s = ANY(%s::int[]))", people_only, columns['commercial_partner_id'], listing.literal))
            return SQL(
                "((%s) AND %s NOT IN (%s) OR %s IN (%s)%s)",
                SQL(" OR ").join(own) if own else SQL("FALSE"), columns['id'], outsiders, columns['id'], colleagues,
                SQL("").join(SQL(" OR %s", condition) for condition in lent))

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _psa_own_conditions(self, columns, effective, selected, level, now):
        """Return the conditions, one of which a contact of the own companies meets if the person has the level for it."""
        company, client = columns['company_id'], columns['commercial_partner_id']
        conditions, unlimited = [], []
        for company_id in sorted(selected):
            listing = effective.listing('client', company_id, access.CLIENT, level, now)
            if listing.is_everything:
                unlimited.append(company_id)
                continue
            if listing.inverted:
                allowed = SQL("%s <> ALL(%s::int[])", client, listing.literal)
            else:
                allowed = SQL(
                    """(%s = ANY(%s::int[]) OR NOT EXISTS (
                        SELECT FROM res_partner client WHERE client.id = %s AND client.psa_is_client IS TRUE))""",
                    client, listing.literal, client)
            conditions.append(SQL("((%s = %s OR %s IS NULL) AND %s)", company, company_id, company, allowed))
        if unlimited:
            conditions.append(SQL("(%s = ANY(%s) OR %s IS NULL)", company, unlimited, company))
        return conditions

    @api.model
    def _psa_staff_sql(self, effective):
        """Return the subselects of the contacts of colleagues, and of those who belong to other companies only.

        The latter: users of companies the person is no member of, and those companies themselves. The people of a client
        are no matter of companies, but of the client.
        """
        if self.env.user.has_group('base.group_system'):
            # Who runs the system looks after the accounts of every company.
            return SQL("SELECT partner_id FROM res_users"), SQL("SELECT NULL::int WHERE FALSE")
        lookup = self.env['ir.model.data']._xmlid_to_res_id
        system = [SUPERUSER_ID, lookup('base.public_user') or 0, lookup('base.template_portal_user_id') or 0]
        mine = sorted(effective.companies)
        member = SQL("SELECT FROM res_company_users_rel r WHERE r.user_id = u.id AND r.cid = ANY(%s::int[])", mine)
        colleagues = SQL("SELECT u.partner_id FROM res_users u WHERE u.share IS NOT TRUE AND EXISTS (%s)", member)
        outsiders = SQL(
            """SELECT u.partner_id FROM res_users u
                WHERE u.id <> ALL(%s) AND NOT EXISTS (%s)
                  AND (u.share IS NOT TRUE OR NOT EXISTS (
                       SELECT FROM res_partner p JOIN res_partner client ON client.id = p.commercial_partner_id
                        WHERE p.id = u.partner_id AND client.psa_is_client IS TRUE))
               UNION ALL SELECT partner_id FROM res_company WHERE id <> ALL(%s::int[])""",
            system, member, mine)
        return colleagues, outsiders

    def _psa_kept_in_reach(self):
        return self.filtered('psa_is_client')

    def _psa_needed_to_write(self):
        return access.FULL if self.commercial_partner_id == self else access.WORK

    def _psa_explain(self, users):
        if self.commercial_partner_id.psa_is_client:
            return super()._psa_explain(users)
        colleagues = {
            user: self.with_user(user).with_context(allowed_company_ids=user.company_ids.ids).psa_can_read for user in users}
        return {
            user: (access.FULL, [Reason(access.FULL, self.env._(
                "It belongs to no client, so those who share a company with it see it."), 'free')]) if seen else
            (access.REFUSE, [Reason(access.REFUSE, self.env._("It belongs to companies that %s is no member of.", user.name), 'stranger')])
            for user, seen in colleagues.items()
        }

    @api.model
    def _psa_selected_companies(self, effective):
        """Return the selected companies of the person and the ones above them: a branch sees the contacts of its company."""
        above = self.env['res.company']._psa_companies_above()
        return frozenset().union(*(above.get(company_id, ()) for company_id in self.env.companies.ids)) & effective.companies

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(self._psa_with_client_company(vals_list))
        partners.filtered(lambda partner: partner.psa_is_client and any(
            partner.sudo()[name] for name in CLIENT_FIELDS))._psa_renew_access()
        return partners

    def write(self, vals):
        if vals.keys() & OWNER_FIELDS:
            self._psa_check_not_lent()
        watched = (CLIENT_FIELDS | MEMBER_FIELDS) & vals.keys()
        if not watched:
            return super().write(vals)
        before = {partner: partner.company_id for partner in self.sudo() if partner.psa_is_client}
        if vals.get('company_id'):
            self._psa_move_accounts(self.env['res.company'].browse(vals['company_id']))
        result = super().write(vals)
        if MEMBER_FIELDS & watched:
            people = self.sudo().with_context(active_test=False).search([
                ('commercial_partner_id', 'in', self.ids), ('commercial_partner_id.psa_is_client', '=', True),
                ('id', 'not in', self.ids)])
            (self | people)._psa_align_company()
        clients = self.sudo().filtered(lambda partner: partner.psa_is_client or partner in before)
        moved = clients.filtered(lambda client: client in before and (
            client.company_id != before[client] or not client.psa_is_client))
        moved._psa_end_shares()
        clients._psa_renew_access(self.env['res.company'].union(*before.values()), any(not company for company in before.values()))
        return result

    def unlink(self):
        self._psa_check_not_lent()
        return super().unlink()

    def _psa_check_not_lent(self):
        """Refuse what only the company of a client may do with it, however much of it is lent."""
        if self.env.su or self.env['psa.access']._psa_effective() is None:
            return
        mine = set(self.env.user._get_company_ids())
        for partner in self.sudo():
            if partner.psa_is_client and partner.company_id and partner.company_id.id not in mine:
                raise AccessError(self.env._(
                    "%(client)s was lent to you. Only %(company)s can move, archive or delete it, or say who answers for it.",
                    client=partner.name, company=partner.company_id.name))

    def _psa_with_client_company(self, vals_list):
        """Return the values of new contacts, those of a client with its company."""
        parents = self.sudo().browse({vals['parent_id'] for vals in vals_list if vals.get('parent_id')})
        companies = {
            parent.id: parent.commercial_partner_id.company_id.id for parent in parents if parent.commercial_partner_id.psa_is_client
        }
        return [
            {**vals, 'company_id': companies[vals['parent_id']]} if vals.get('parent_id') in companies else vals
            for vals in vals_list
        ]

    def _psa_align_company(self):
        """Put the contacts among these into the company of their client: they are seen with it, and moved with it."""
        astray = {}
        for partner in self.sudo():
            client = partner.commercial_partner_id
            if client != partner and client.psa_is_client and partner.company_id != client.company_id:
                astray.setdefault(client.company_id, self.browse())
                astray[client.company_id] |= partner
        for company, partners in astray.items():
            # Odoo refuses a contact of another company than his account's; the accounts move first, see _psa_move_accounts.
            partners.sudo().filtered(
                lambda partner, company=company: not company or partner.user_ids.company_id <= company
            ).write({'company_id': company.id})

    def _psa_move_accounts(self, company):
        """Put the portal accounts of these clients into the company that the clients are about to move to."""
        clients = self.sudo().filtered(lambda partner: partner.psa_is_client and partner.company_id != company)
        people = clients.with_context(active_test=False).search([('id', 'child_of', clients.ids)]) if clients else clients
        accounts = people.user_ids.filtered(lambda user: user.share and user.company_id != company)
        accounts.write({'company_ids': [Command.set(company.ids)], 'company_id': company.id})

    def _psa_renew_access(self, companies=None, everywhere=False):
        """Bring the effective access to these clients up to date, also in companies they belonged to."""
        if not self:
            return
        concerned = self.sudo().company_id | (companies or self.env['res.company'])
        if everywhere or any(not client.company_id for client in self.sudo()):
            concerned = self.env['res.company'].sudo().with_context(active_test=False).search(Domain.TRUE)
        self.env['psa.access']._psa_rebuild(concerned, kind='client', items=set(self.ids))

    def _psa_end_shares(self):
        """End what is lent of clients that leave their service company."""
        if self:
            self.env['psa.client.share'].sudo().search([
                ('client_id', 'in', self.ids), ('state', 'in', ('offered', 'accepted', 'active')),
            ])._psa_finish('ended', self.env._("The client no longer belongs to the company that shared it."))
