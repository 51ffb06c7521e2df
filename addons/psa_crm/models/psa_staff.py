from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..core import invitation, mail_domain, staff

ROLE_SELECTION = [
    (staff.TECHNICIAN, "Technician"),
    (staff.DISPATCHER, "Dispatcher"),
    (staff.BILLING, "Billing"),
    (staff.SALES, "Sales"),
    (staff.COMPANY_ADMIN, "Company Administrator"),
    (staff.OWNER, "Owner"),
]
# What owners and administrators enter. All else follows from the account, or from what the invited person does.
EDITABLE = {'name', 'email', 'phone', 'job_title', 'skills', 'role', 'has_billing', 'company_id'}


class PsaStaff(models.Model):
    """A person in a service company: the safe front to res.users for its owner.

    Owners have no access to users, groups or passwords. They work on these rows, one for each person and company; what a
    row may do to the account behind it is checked here and done with all rights, and it never goes beyond the roles of this
    suite and the companies of the caller. A row exists before there is an account: whoever is invited opens the link in his
    mail and gets an account then, or joins with the one he has. So the row looks the same in both cases, and nobody learns
    from an invitation who has an account elsewhere.

    Rows of accounts that were made in Odoo's settings come by themselves (``_psa_sync_staff`` on res.users). Administrators of
    the whole platform have none: they are not the company's.
    """

    _name = 'psa.staff'
    _description = "Staff Member"
    _inherit = ['mail.thread', 'psa.invitation.mixin']
    _order = 'name, id'
    _rec_names_search = ['name', 'email']

    _psa_invitation_kind = 'staff'

    name = fields.Char(
        compute='_compute_from_user', store=True, readonly=False, precompute=True, required=True,
        help="Once the person has joined, it comes from his account.")
    email = fields.Char(
        compute='_compute_from_user', store=True, readonly=False, precompute=True, required=True,
        help="The invitation goes here, and the person signs in with it. Once he has joined, it comes from his account.")
    phone = fields.Char(string="Work Phone")
    job_title = fields.Char()
    skills = fields.Char(help="What the person is good at, for those who plan the work.")
    company_id = fields.Many2one(
        'res.company', required=True, index=True, default=lambda self: self.env.company)
    user_id = fields.Many2one('res.users', string="Account", readonly=True, index='btree_not_null', ondelete='cascade', copy=False)
    role = fields.Selection(
        ROLE_SELECTION, compute='_compute_role', inverse='_inverse_role', store=True, readonly=False,
        help="Technician: works tickets and clients. Dispatcher: distributes the work. Billing: contracts and invoices.\n"
             "Sales: own opportunities. Company administrator: all of it, and the configuration.\n"
             "Owner: also this list, the teams and the company's details.")
    has_billing = fields.Boolean(
        string="Billing, Too", compute='_compute_role', inverse='_inverse_role', store=True, readonly=False,
        help="The person may bill besides his role.")
    state = fields.Selection(
        [('invited', "Invited"), ('active', "Active"), ('inactive', "Deactivated"), ('closed', "Did Not Join")],
        compute='_compute_state', store=True, group_expand=True,
        help="Invited: has not answered yet. Active: can sign in and work here. Deactivated: has no access any more.\n"
             "Did not join: declined, or the invitation expired or was withdrawn.")
    avatar_128 = fields.Image(related='user_id.avatar_128', string="Avatar")
    login_date = fields.Datetime(related='user_id.login_date', string="Last Sign-in")
    team_ids = fields.Many2many('psa.team', string="Teams", compute='_compute_team_ids')
    can_manage = fields.Boolean(compute='_compute_can_manage', help="The current user may change this row.")

    _token_uniq = models.UniqueIndex('(token_hash) WHERE token_hash IS NOT NULL')
    _user_company_uniq = models.UniqueIndex(
        '(user_id, company_id) WHERE user_id IS NOT NULL', "This account is on the staff list of the company already.")
    _email_company_uniq = models.UniqueIndex(
        '(company_id, email) WHERE user_id IS NULL', "This address was invited already. Send that invitation again instead.")
    _expires_idx = models.Index("(date_expires) WHERE invitation_state = 'pending'")
    _order_idx = models.Index('(name, id)')

    @api.depends('user_id.partner_id.name', 'user_id.partner_id.email', 'user_id.login')
    def _compute_from_user(self):
        for member in self:
            user = member.user_id.sudo()
            # The partner has them; what the user repeats of it is not to be relied on while he is being created.
            contact = user.partner_id
            member.name = contact.name if user else member.name
            member.email = mail_domain.normalize_address(contact.email or user.login or '') or user.login if user else member.email

    @api.depends('user_id.group_ids')
    def _compute_role(self):
        for member in self:
            if member.user_id:
                member.role, member.has_billing = member.user_id._psa_staff_role()
            else:
                member.role, member.has_billing = member.role or staff.TECHNICIAN, member.has_billing

    def _inverse_role(self):
        for member in self.filtered('user_id'):
            user = member.user_id.sudo()
            wanted = (member.role, member.has_billing)
            current = user._psa_staff_role()
            if wanted == current or not member.role:
                continue
            elsewhere = member._psa_roles_elsewhere(user)
            if staff.clashing_role(wanted, elsewhere):
                raise UserError(self.env._(
                    "%s works for another company, too, and an account has the same rights in each of its companies. "
                    "His role can be changed only once he left the other company.", member.name))
            # Whoever gives his own role away could not read the row any more.
            member.sudo()._psa_log_role(current, wanted)
            user._psa_set_role(*wanted)

    @api.depends('user_id.active', 'user_id.company_ids', 'invitation_state')
    def _compute_state(self):
        for member in self:
            user = member.user_id.sudo()
            if user.active and member.company_id in user.company_ids:
                member.state = 'active'
            elif member.invitation_state == invitation.PENDING:
                member.state = 'invited'
            else:
                member.state = 'inactive' if user else 'closed'

    def _compute_team_ids(self):
        teams = self.env['psa.team'].search([('member_ids', 'in', self.user_id.ids)])
        for member in self:
            member.team_ids = teams.filtered(lambda team, member=member: member.user_id in team.sudo().member_ids)

    @api.depends('role')
    @api.depends_context('uid')
    def _compute_can_manage(self):
        actor = self._psa_actor_role()
        for member in self:
            member.can_manage = staff.may_manage(actor, *filter(None, [member.role]))

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._psa_check_vals(vals) for vals in vals_list]
        for vals in vals_list:
            if not vals.get('user_id'):
                self._psa_check_address(vals.get('email'), vals.get('company_id') or self.env.company.id)
        members = super().create(vals_list)
        invited = members.filtered(lambda member: not member.user_id)
        if not self.env.su:
            members._psa_check_manages()
        invited._psa_send_invitation()
        return members

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        vals = self._psa_check_vals(vals)
        self._psa_check_manages(vals.get('role'))
        if vals.keys() & {'name', 'email'} and self.user_id:
            raise UserError(self.env._(
                "%s has an account of his own: name and address are changed by himself, under My Profile.", self.user_id[:1].name))
        if 'email' in vals:
            for member in self:
                member._psa_check_address(vals['email'], member.company_id.id)
        if any(member.company_id.id != vals.get('company_id', member.company_id.id) for member in self):
            raise UserError(self.env._("A person stays on the list of his company. Invite him into the other company instead."))
        if vals.get('role', staff.OWNER) != staff.OWNER:
            self._psa_check_owner_left()
        result = super().write(vals)
        if 'email' in vals:
            # The former address must not get in with the link it has.
            self.filtered(lambda member: member.state == 'invited')._psa_send_invitation()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_account(self):
        self._psa_check_manages()
        for member in self:
            if member.user_id:
                raise UserError(self.env._(
                    "%s has worked here and stays on the list. Deactivate the person instead.", member.name))

    def action_resend(self):
        """Send the invitation again; the former link ends. Also asks a deactivated person to come back."""
        self._psa_check_manages()
        active = self.filtered(lambda member: member.state == 'active')
        if active:
            raise UserError(self.env._("%s can sign in and needs no invitation.", active[:1].name))
        self._psa_send_invitation()
        return self._psa_notify(self.env._("Invitation sent to %s", ', '.join(self.mapped('email'))))

    def action_cancel(self):
        """Withdraw the invitation: its link ends at once."""
        self._psa_check_manages()
        self.sudo().filtered(lambda member: member.state == 'invited').write({
            'invitation_state': invitation.CANCELLED, 'token_hash': False})


    @api.model
    def _psa_actor_role(self):
        """Return the role in which the current user manages staff."""
        user = self.env.user
        return staff.OWNER if user._psa_is_platform_admin() else user._psa_staff_role()[0]

    @api.model
    def _psa_check_vals(self, vals):
        """Return the values with a clean address; refuse what is not entered by hand."""
        if not self.env.su and vals.keys() - EDITABLE:
            raise AccessError(self.env._(
                "These follow from the account and cannot be written: %s.", ', '.join(sorted(vals.keys() - EDITABLE))))
        vals = {**vals, 'name': vals['name'].strip()} if vals.get('name') else dict(vals)
        if 'email' in vals:
            address = mail_domain.normalize_address(vals['email'] or '')
            if not address:
                raise ValidationError(self.env._("“%s” is no e-mail address. Correct Email.", vals['email'] or ''))
            vals['email'] = address
        return vals

    def _psa_check_address(self, address, company_id):
        """Raise an error if somebody else on the list of the company has this address."""
        if not address:
            raise ValidationError(self.env._("Enter the address the invitation goes to in Email."))
        if self.sudo().search_count([
            ('company_id', '=', company_id), ('email', '=', address), ('id', 'not in', self.ids),
        ], limit=1):
            raise ValidationError(self.env._(
                "%s is on the staff list already. Find the person there: Deactivated and Did Not Join are filters.", address))

    def _psa_check_manages(self, new_role=None):
        """Raise an error unless the current user may act on these people, and give them ``new_role`` if there is one."""
        if self.env.su:
            return
        actor, user = self._psa_actor_role(), self.env.user
        for member in self:
            if member.company_id not in user.company_ids:
                raise AccessError(self.env._("You can manage the staff of your own companies only."))
            if member.user_id and member.user_id._psa_is_platform_admin() and not user._psa_is_platform_admin():
                raise AccessError(self.env._("%s administers the whole platform; no company changes that.", member.name))
            if not staff.may_manage(actor, *filter(None, (member.role, new_role))):
                raise AccessError(self.env._(
                    "Company administrators manage technicians, dispatchers, sales and billing. Only an owner manages "
                    "owners and company administrators."))

    def _psa_check_owner_left(self):
        """Raise an error if the companies of these people would have no owner without them."""
        companies = self.company_id
        owners = self.sudo().search([
            ('company_id', 'in', companies.ids), ('role', '=', staff.OWNER), ('state', '=', 'active')])
        # Two owners who demote each other at the same time must not both succeed.
        owners.lock_for_update()
        for company in companies:
            of_company = owners.filtered(lambda member, company=company: member.company_id == company)
            if staff.leaves_no_owner(of_company.ids, self.ids):
                raise UserError(self.env._(
                    "%(person)s is the only owner of %(company)s. Make somebody else an owner first.",
                    person=of_company[:1].name, company=company.name))

    @api.model
    def _psa_notify(self, message):
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {'message': message, 'type': 'success', 'next': {'type': 'ir.actions.client', 'tag': 'soft_reload'}},
        }

    def _psa_log_role(self, before, after):
        """Note which role the person had and gets, whatever the caller thinks of tracking."""
        labels = dict(self._fields['role']._description_selection(self.env))

        def text(role, has_billing):
            plus = has_billing and role in (staff.TECHNICIAN, staff.DISPATCHER, staff.SALES)
            return labels.get(role, '–') + (self.env._(" and Billing") if plus else '')

        self._message_log(body=self.env._("Role: %(before)s → %(after)s", before=text(*before), after=text(*after)))
