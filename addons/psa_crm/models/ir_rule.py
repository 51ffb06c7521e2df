from odoo import SUPERUSER_ID, api, models, tools
from odoo.fields import Domain

from ..core.wall import Shape, Wall, wall_of

# Models whose rows are not told apart by company or maker: people and companies have record rules (psa_wall_security.xml
# and Odoo's), what hangs on a document is as visible as the document.
OWN_WALL = frozenset({
    'res.company', 'res.partner', 'res.users', 'res.groups',
    'mail.message', 'mail.mail', 'mail.activity', 'mail.notification', 'mail.tracking.value', 'mail.message.reaction',
    'mail.message.schedule', 'mail.message.translation', 'mail.message.link.preview', 'mail.link.preview',
    'ir.attachment', 'mail.alias', 'calendar.event', 'calendar.attendee', 'calendar.recurrence',
    'discuss.channel', 'discuss.channel.member', 'discuss.channel.rtc.session', 'discuss.call.history',
    'ir.rule', 'ir.model', 'ir.model.fields', 'ir.model.access', 'ir.model.data',
})
# Rows that tell nothing of themselves are hidden with the record they belong to.
FOLLOWS = {
    'mail.followers': 'partner_id',
    'resource.calendar.attendance': 'calendar_id',
    'account.payment.method.line': 'journal_id',
}


class IrRule(models.Model):
    _inherit = 'ir.rule'

    @api.model
    @tools.conditional(
        'xml' not in tools.config['dev_mode'],
        tools.ormcache('self.env.uid', 'self.env.su', 'model_name', 'mode',
                       'tuple(self._compute_domain_context_values())'),
    )
    def _compute_domain(self, model_name, mode='read'):
        """Add the wall between service companies to the rules of every model, also of those that have none."""
        domain = super()._compute_domain(model_name, mode)
        if self.env.su or not self._psa_is_walled_in():
            return domain
        return (domain & self._psa_wall_domain(model_name, mode, has_rules=not domain.is_true())).optimize(self.env[model_name])

    @api.model
    def _psa_is_walled_in(self):
        """Tell whether the wall stands around this user: not for who runs the system, nor for visitors without a name."""
        user = self.env.user
        return not user._is_public() and not user.has_group('base.group_system')

    @api.model
    def _psa_wall_domain(self, model_name, mode, has_rules):
        """Return the domain of the rows of ``model_name`` on this user's side of the wall.

        Rows that the system made for all companies are read by all; where the model says ``_psa_shipped_rows_are_fixed``
        they are changed by none of them.
        """
        model = self.env[model_name]
        by_maker = self._psa_domain_of_makers()
        if model_name in FOLLOWS:
            owner = FOLLOWS[model_name]
            followed = self._psa_follow(model, owner)
            return followed | (Domain(owner, '=', False) & by_maker) if model._log_access else followed
        if model_name == 'mail.notification':
            # Some recipients are mere addresses.
            return self._psa_follow(model, 'author_id') | (
                Domain('author_id', '=', False) & self._psa_follow(model, 'res_partner_id'))
        if model_name == 'res.partner':
            # Clients and what is lent are told apart by the rules of access; this is for all the others. Whoever made the
            # account of a colleague (a visitor who signed up, a link in a mail), it is a colleague's.
            return (
                Domain('company_id', '!=', False) | by_maker | Domain('commercial_partner_id.company_id', '!=', False)
                | Domain('user_ids.company_ids', 'in', self._psa_wall_company_ids()))
        company_ids = self._psa_wall_company_ids()
        of_company = Domain('company_id', 'in', company_ids)
        wall = wall_of(self._psa_shape(model, has_rules))
        if wall == Wall.COMPANY:
            return of_company
        if wall == Wall.COMPANY_ELSE_MAKER:
            return of_company | (Domain('company_id', '=', False) & by_maker)
        if wall == Wall.COMPANIES_ELSE_MAKER:
            return Domain('company_ids', 'in', company_ids) | (Domain('company_ids', '=', False) & by_maker)
        if wall == Wall.MAKER_OF_COMMON:
            is_changed = mode != 'read' and getattr(model, '_psa_shipped_rows_are_fixed', False)
            return Domain('company_id', '!=', False) | (self._psa_domain_of_own_makers() if is_changed else by_maker)
        return by_maker if wall == Wall.MAKER else Domain.TRUE

    @api.model
    def _psa_wall_company_ids(self):
        """Return the ids of the user's companies; a branch works with what its mother company keeps for both."""
        paths = self.env.companies.sudo().mapped('parent_path')
        return sorted({int(part) for path in paths for part in path.split('/') if part})

    @api.model
    def _psa_domain_of_makers(self):
        """Return the domain of the rows made by colleagues, or by the system for every company."""
        return (
            Domain('create_uid', '=', False)
            | Domain('create_uid', 'in', self._psa_makers_for_all())
            | Domain('create_uid.company_ids', 'in', self._psa_wall_company_ids())
        )

    @api.model
    def _psa_domain_of_own_makers(self):
        """Return the domain of the rows whose texts are this side's to change: others would read them too.

        What came with the suite is its only company's own.
        """
        if self.env['res.company'].sudo().with_context(active_test=False).search_count([], limit=2) == 1:
            return self._psa_domain_of_makers()
        return (
            Domain('create_uid.company_ids', 'in', self._psa_wall_company_ids())
            & Domain('create_uid', 'not in', self._psa_makers_for_all())
        )

    @api.model
    def _psa_follow(self, model, field_name):
        """Return the domain of the rows whose ``field_name`` holds a record that this user may read."""
        return Domain(field_name, 'any', self._compute_domain(model._fields[field_name].comodel_name, 'read'))

    @api.model
    def _psa_makers_for_all(self):
        """Return the ids of the users whose rows without a company are for every company: the system and who runs it."""
        administrators = self.env.ref('base.group_system').sudo().with_context(active_test=False).all_user_ids
        return sorted({SUPERUSER_ID, *administrators.ids})

    @api.model
    def _psa_shape(self, model, has_rules):
        company = model._fields.get('company_id')
        companies = model._fields.get('company_ids')
        has_company = bool(company and company.store and company.comodel_name == 'res.company')
        return Shape(
            has_company=has_company,
            company_is_required=has_company and bool(company.required),
            has_companies=bool(companies and companies.store and companies.comodel_name == 'res.company'),
            knows_maker=model._log_access,
            # Models whose rows can be lent have this field.
            has_own_wall=model._name in OWN_WALL or 'psa_can_read' in model._fields,
            has_rules=has_rules and model._name.startswith('psa.'),
        )
