from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from ..core import mail_domain

PORTAL_ROLES = [
    ('none', "No access"),
    ('employee', "Employee"),
    ('administrator', "Administrator"),
]


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_is_client = fields.Boolean(
        string="Client", tracking=True,
        help="We serve this company or person: it can have tickets, assets and contracts.")
    psa_client_status = fields.Selection(
        [
            ('prospect', "Prospect"),
            ('onboarding', "Onboarding"),
            ('active', "Active"),
            ('suspended', "Suspended"),
            ('former', "Former"),
        ],
        string="Client Status", compute='_compute_psa_client_status', store=True, readonly=False, tracking=True,
        help="How far the service relation is.\n"
             "Prospect: not served yet. Onboarding: being taken into service. Active: served.\n"
             "Suspended: service stopped for a while. Former: no longer served.")
    psa_account_manager_id = fields.Many2one(
        'res.users', string="Account Manager", domain=[('share', '=', False)], index='btree_not_null', tracking=True,
        help="Answers to the client for the service as a whole.")
    psa_primary_technician_id = fields.Many2one(
        'res.users', string="Primary Technician", domain=[('share', '=', False)], index='btree_not_null', tracking=True,
        help="Knows the client's systems best and is the first choice for its work.")
    psa_mail_domain_ids = fields.One2many(
        'psa.mail.domain', 'partner_id', string="Mail Domains",
        help="Mail from these domains is filed under this client, also when the sender is not a contact yet.")
    psa_portal_role = fields.Selection(
        PORTAL_ROLES, string="Portal Role",
        compute='_compute_psa_portal_role', inverse='_inverse_psa_portal_role', search='_search_psa_portal_role',
        compute_sudo=True,
        help="What this person can do on the client portal.\n"
             "No access: cannot sign in. Employee: own tickets. Administrator: all tickets of the company.\n"
             "Giving a role sends an invitation by e-mail; taking it away ends the access at once.")

    # The list of clients, in its default order.
    _psa_client_idx = models.Index('(complete_name, id) WHERE psa_is_client IS TRUE')
    # Every incoming mail looks its sender up.
    _psa_email_normalized_idx = models.Index('(email_normalized) WHERE email_normalized IS NOT NULL')

    @api.depends('psa_is_client')
    def _compute_psa_client_status(self):
        for partner in self:
            if not partner.psa_is_client:
                partner.psa_client_status = False
            elif not partner.psa_client_status:
                partner.psa_client_status = 'active'

    @api.depends('user_ids.active', 'user_ids.group_ids')
    def _compute_psa_portal_role(self):
        employee = self.env.ref('psa_crm.group_client_employee')
        administrator = self.env.ref('psa_crm.group_client_admin')
        for partner in self:
            groups = partner.user_ids.filtered('active').all_group_ids
            if administrator in groups:
                partner.psa_portal_role = 'administrator'
            elif employee in groups:
                partner.psa_portal_role = 'employee'
            else:
                partner.psa_portal_role = 'none'

    def _inverse_psa_portal_role(self):
        if not self.env.su and not self.env.user.has_group('psa_crm.group_dispatcher'):
            raise AccessError(self.env._("Only dispatchers and company administrators can change the portal role of a contact."))
        for role, partners in self.grouped('psa_portal_role').items():
            partners._psa_set_portal_role(role or 'none')

    def _search_psa_portal_role(self, operator, value):
        if operator != 'in':
            return NotImplemented
        domains = {
            'administrator': Domain('user_ids', 'any', [('all_group_ids', 'in', self.env.ref('psa_crm.group_client_admin').ids)]),
            'some': Domain('user_ids', 'any', [('all_group_ids', 'in', self.env.ref('psa_crm.group_client_employee').ids)]),
        }
        domains['employee'] = domains['some'] & ~domains['administrator']
        domains['none'] = ~domains['some']
        return Domain.OR(domains[role] for role in value if role in domains)

    @api.model
    def _psa_match_sender(self, addresses, company):
        """Find who wrote and for which client, for many senders in a constant number of queries.

        An exact address of a client's contact wins over the mail domain. Among contacts with the same address: of a client
        still served before a former one, of the given company before shared ones, a person before a company, the newest.
        Nothing is created. The search is done with full rights, since mail arrives without a user; it is limited
        to the given company and to shared clients by itself.

        :param addresses: iterable of mail addresses, with or without display name
        :param company: the service company (`res.company`) that got the mail
        :return: ``{address as given: (contact, client)}``; contact and client are empty recordsets when not found
        """
        nobody = self.sudo().browse()
        normalized = {address: mail_domain.normalize_address(address) for address in addresses}
        contacts = self._psa_contacts_by_address({address for address in normalized.values() if address}, company)
        unknown = {
            mail_domain.address_domain(address)
            for address in normalized.values() if address and address not in contacts
        }
        clients = self._psa_clients_by_mail_domain(unknown, company)

        result = {}
        for given, address in normalized.items():
            contact = contacts.get(address, nobody)
            client = contact.commercial_partner_id
            if address and not contact:
                client = clients.get(mail_domain.address_domain(address), nobody)
            result[given] = (contact, client)
        return result

    def _psa_contacts_by_address(self, addresses, company):
        """Return ``{normalised address: contact of a client}``."""
        by_spelling = {
            spelling: address
            for address in addresses for spelling in mail_domain.address_spellings(address)
        }
        if not by_spelling:
            return {}
        companies = [company.id, False]
        contacts = self.sudo().with_context(active_test=True).search([
            ('email_normalized', 'in', list(by_spelling)),
            ('company_id', 'in', companies),
            ('commercial_partner_id', 'any', [
                ('psa_is_client', '=', True), ('active', '=', True), ('company_id', 'in', companies),
            ]),
        ])
        ranked = contacts.sorted(lambda contact: (
            contact.commercial_partner_id.psa_client_status != 'former',
            bool(contact.company_id),
            not contact.is_company,
            contact.id,
        ))
        # Later ones overwrite earlier ones: the best is last.
        return {by_spelling[contact.email_normalized]: contact for contact in ranked}

    def _psa_clients_by_mail_domain(self, domains, company):
        """Return ``{mail domain: client}`` by the most specific domain that a client has."""
        names = {suffix for domain in domains for suffix in mail_domain.suffixes(domain)}
        if not names:
            return {}
        companies = [company.id, False]
        found = self.env['psa.mail.domain'].sudo().search([
            ('name', 'in', list(names)),
            ('company_id', 'in', companies),
            ('partner_id', 'any', [
                ('psa_is_client', '=', True), ('active', '=', True), ('company_id', 'in', companies),
            ]),
        ])
        # A domain entered for the company wins over one that counts for every company.
        client_by_name = {entry.name: entry.partner_id for entry in found.sorted(lambda entry: bool(entry.company_id))}
        result = {}
        for domain in domains:
            name = mail_domain.best_match(domain, client_by_name)
            if name:
                result[domain] = client_by_name[name]
        return result

    def _psa_set_portal_role(self, role):
        """Give the contacts this portal role: invite who has no access yet, end the access of who gets none."""
        if role == 'none':
            self.sudo().user_ids._psa_revoke_portal()
            return
        self._psa_check_portal_candidates()
        newcomers = self.filtered(lambda contact: not contact.sudo().user_ids.filtered('active')._psa_portal_users())
        if newcomers:
            # The wizard knows how to make a portal user and invite him; the right to do so was checked by the caller.
            wizard = self.env['portal.wizard'].sudo().create({'partner_ids': newcomers.ids})
            for line in wizard.user_ids:
                line.action_grant_access()
        self.sudo().user_ids._psa_portal_users()._psa_set_client_group(role)

    def _psa_check_portal_candidates(self):
        """Raise an error that says what to correct when a contact cannot become a portal user."""
        for contact in self:
            if not contact.commercial_partner_id.psa_is_client:
                raise ValidationError(self.env._(
                    "%s cannot get a portal role: the contact does not belong to a client. "
                    "Set Company to a client first.", contact.display_name))
            if contact.is_company:
                raise ValidationError(self.env._(
                    "%s cannot get a portal role: it is a company. Give the role to a person of the client.",
                    contact.display_name))
            if not mail_domain.normalize_address(contact.email):
                raise ValidationError(self.env._(
                    "%s cannot get a portal role: enter a valid address in Email first, the invitation is sent there.",
                    contact.display_name))
            if contact.sudo().user_ids.filtered(lambda user: user._is_internal()):
                raise ValidationError(self.env._(
                    "%s cannot get a portal role: the contact signs in as a member of our staff.", contact.display_name))
