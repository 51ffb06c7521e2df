from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools.misc import clean_context

from ..core import mail_domain

# The group of each role, from the least to the most.
PORTAL_ROLE_GROUPS = {
    'employee': 'psa_crm.group_client_employee',
    'approver': 'psa_crm.group_client_approver',
    'administrator': 'psa_crm.group_client_admin',
}


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_portal_role = fields.Selection(
        [
            ('none', "No access"),
            ('employee', "Employee"),
            ('approver', "Approver"),
            ('administrator', "Administrator"),
        ],
        string="Portal Role", compute='_compute_psa_portal_role', compute_sudo=True,
        inverse='_inverse_psa_portal_role', search='_search_psa_portal_role',
        help="What this person can do on the client portal.\n"
             "No access: cannot sign in. Employee: own tickets.\n"
             "Approver: all tickets of the company, and approves what its people ask for.\n"
             "Administrator: the same, and maintains the people of the company on the portal.\n"
             "Giving a role sends an invitation by e-mail; taking it away ends the access at once.")
    psa_portal_user_count = fields.Integer(
        string="Portal Users", compute='_compute_psa_portal_user_count', compute_sudo=True, groups='base.group_user',
        help="People of the client who can sign in to the portal.")

    @api.depends('user_ids.active', 'user_ids.group_ids')
    def _compute_psa_portal_role(self):
        roles = self._psa_read_portal_roles()
        for partner in self:
            partner.psa_portal_role = roles[partner]

    def _inverse_psa_portal_role(self):
        # The groups are compared before anything is written: granting a role drops the cached values of the others.
        current = self._psa_read_portal_roles()
        changes = {partner: partner.psa_portal_role or 'none' for partner in self}
        changed = self.filtered(lambda partner: changes[partner] != current[partner])
        if not changed:
            return
        if not self.env.su and not self.env.user.has_group('psa_crm.group_dispatcher'):
            raise AccessError(self.env._(
                "Only dispatchers and company administrators can change the portal role of a contact."))
        for role, contacts in changed.grouped(lambda partner: changes[partner]).items():
            contacts._psa_set_portal_role(role)
        changed._psa_log_portal_roles(current, changes)

    @api.model
    def _search_psa_portal_role(self, operator, value):
        if operator != 'in':
            return NotImplemented
        administrator = self._psa_portal_group_domain('psa_crm.group_client_admin')
        approver = self._psa_portal_group_domain('psa_crm.group_client_approver')
        with_role = self._psa_portal_group_domain('psa_crm.group_client_employee')
        domains = {
            'administrator': administrator,
            'approver': approver & ~administrator,
            'employee': with_role & ~approver,
            'none': ~with_role,
        }
        return Domain.OR(domains[role] for role in value if role in domains)

    @api.depends('child_ids.psa_portal_role')
    def _compute_psa_portal_user_count(self):
        clients = self.filtered('psa_is_client')
        counts = dict(self._read_group(
            Domain('commercial_partner_id', 'in', clients.ids)
            & self._psa_portal_group_domain('psa_crm.group_client_employee'),
            ['commercial_partner_id'], ['__count'],
        )) if clients else {}
        for partner in self:
            partner.psa_portal_user_count = counts.get(partner._origin, 0)

    @api.constrains('psa_is_client')
    def _check_psa_no_portal_users_left(self):
        others = self.filtered(lambda partner: not partner.psa_is_client)
        if not others:
            return
        contacts = self.sudo().search(
            Domain('commercial_partner_id', 'in', others.ids)
            & self._psa_portal_group_domain('psa_crm.group_client_employee'))
        if contacts:
            raise ValidationError(self.env._(
                "%(company)s must stay a client while its people can sign in to the portal: %(contacts)s. "
                "Set their Portal Role to No access first.",
                company=contacts.commercial_partner_id[:1].display_name, contacts=', '.join(contacts.mapped('name'))))

    def write(self, vals):
        if 'active' in vals and not vals['active']:
            self._psa_end_access_of_archived()
        if not vals.keys() & {'parent_id', 'is_company'}:
            return super().write(vals)

        portal_contacts = self.sudo().search(
            Domain('id', 'child_of', self.ids) & self._psa_portal_group_domain('psa_crm.group_client_employee'))
        clients = {contact: contact.commercial_partner_id for contact in portal_contacts}
        result = super().write(vals)
        moved = portal_contacts.filtered(lambda contact: contact.commercial_partner_id != clients[contact])
        if moved:
            # The role was given for one client; it must not show another client's data.
            roles = moved._psa_read_portal_roles()
            moved._psa_set_portal_role('none')
            moved._psa_log_portal_roles(roles, dict.fromkeys(moved, 'none'))
        return result

    def action_psa_portal_users(self):
        """Open the people of the client, with their portal roles."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_contacts')
        return {
            **action,
            'name': self.env._("Portal Users"),
            'domain': [('commercial_partner_id', '=', self.id), ('is_company', '=', False), ('type', '=', 'contact')],
            'context': {'default_parent_id': self.id, 'default_is_company': False},
        }

    @api.model
    def _psa_portal_group_domain(self, group_xmlid):
        """Return the domain of contacts with an active user in the group. Reads users whoever asks."""
        return Domain('user_ids', 'any!', [
            ('active', '=', True), ('all_group_ids', 'in', self.env.ref(group_xmlid).ids),
        ])

    def _psa_read_portal_roles(self):
        """Return ``{contact: portal role}`` as the groups of the users say."""
        # From the most to the least: who has a group has those below it, too.
        role_groups = [(role, self.env.ref(xmlid)) for role, xmlid in reversed(PORTAL_ROLE_GROUPS.items())]
        partners = self.sudo()
        # Without this, the groups would be read user by user.
        prefetch_ids = partners.user_ids.ids
        roles = {}
        for partner, partner_sudo in zip(self, partners, strict=True):
            groups = self.env['res.groups'].union(*(
                user.all_group_ids for user in partner_sudo.user_ids.with_prefetch(prefetch_ids) if user.active
            ))
            roles[partner] = next((role for role, group in role_groups if group in groups), 'none')
        return roles

    def _psa_end_access_of_archived(self):
        """End the portal access of contacts about to be archived, and of the people of clients about to be.

        Who may not take roles away is refused by Odoo afterwards: the user of the contact is still active.
        """
        self.check_access('write')
        if self.env.su or self.env.user.has_group('psa_crm.group_dispatcher'):
            people = self.sudo().search(
                (Domain('id', 'in', self.ids) | Domain('commercial_partner_id', 'in', self.ids))
                & self._psa_portal_group_domain('psa_crm.group_client_employee'))
            if people:
                roles = people._psa_read_portal_roles()
                people._psa_set_portal_role('none')
                people._psa_log_portal_roles(roles, dict.fromkeys(people, 'none'))
        elif self.sudo().search_count(
            Domain('commercial_partner_id', 'in', self.ids) & Domain('id', 'not in', self.ids)
            & self._psa_portal_group_domain('psa_crm.group_client_employee'), limit=1,
        ):
            raise AccessError(self.env._(
                "Only dispatchers and company administrators can archive a client whose people can sign in to the portal."))
        # Users without access must not keep their contacts from being archived.
        self.sudo().user_ids.filtered(lambda user: user._psa_is_revoked()).active = False

    def _psa_set_portal_role(self, role):
        """Give the contacts this portal role: invite who has no access yet, end the access of who gets none."""
        if role == 'none':
            self.sudo().user_ids._psa_revoke_portal()
            return
        self._psa_check_portal_candidates()
        newcomers = self.filtered(lambda contact: not contact.sudo().user_ids._psa_portal_users())
        if newcomers:
            # Odoo's wizard makes and invites portal users; whether the caller may do so has been checked.
            wizards = self.env(context=clean_context(self.env.context))['portal.wizard'].sudo()
            wizard = wizards.create({'partner_ids': newcomers.ids})
            for line in wizard.user_ids:
                line.action_grant_access()
        self.sudo().user_ids._psa_portal_users()._psa_set_client_group(role)

    def _psa_check_portal_candidates(self):
        """Raise an error that says what to correct when a contact cannot become a portal user."""
        for contact in self:
            name = contact.name or contact.display_name
            if not contact.commercial_partner_id.psa_is_client:
                raise ValidationError(self.env._(
                    "%s cannot get a portal role: the contact does not belong to a client. "
                    "Set Company to a client first.", name))
            if contact.is_company:
                raise ValidationError(self.env._(
                    "%s cannot get a portal role: it is a company. Give the role to a person of the client.", name))
            if not mail_domain.normalize_address(contact.email):
                raise ValidationError(self.env._(
                    "%s cannot get a portal role: enter a valid address in Email first, the invitation is sent there.", name))
            if any(user._is_internal() for user in contact.sudo().user_ids):
                raise ValidationError(self.env._(
                    "%s cannot get a portal role: this person signs in as a member of our staff.", name))

    def _psa_log_portal_roles(self, before, after):
        """Note on each contact which portal role it had and has now."""
        labels = dict(self._fields['psa_portal_role']._description_selection(self.env))
        self._message_log_batch(bodies={
            contact.id: self.env._(
                "Portal role: %(before)s → %(after)s", before=labels[before[contact]], after=labels[after[contact]])
            for contact in self
        })
