from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..core import access

LEVELS = {'full': access.FULL, 'work': access.WORK, 'read': access.READ, 'refuse': access.REFUSE}


class PsaAccessRule(models.Model):
    """A setting of a service company: which of its people have which access to which of its clients.

    How rules compete is in ``core/access.py``. What follows from them is compiled into ``psa.access`` at once.
    """

    _name = 'psa.access.rule'
    _description = "Access Rule"
    _inherit = ['mail.thread']
    _order = 'company_id, sequence, id'
    _check_company_auto = True

    name = fields.Char(compute='_compute_name', store=True, help="What the rule says, in words.")
    sequence = fields.Integer(default=10, aggregator=None, help="Order in the list only; it does not decide which rule wins.")
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        'res.company', required=True, index=True, default=lambda self: self.env.company,
        help="The service company whose people and clients the rule is about.")
    level = fields.Selection(
        [('full', "Full"), ('read', "Read Only"), ('refuse', "Refuse")], required=True, default='refuse', tracking=True,
        help="Full: see and change. Read only: see. Refuse: neither, as if it did not exist.")
    resource = fields.Selection(
        [('client', "One Client"), ('class', "Clients of a Class"), ('all', "All Clients")], string="To What", required=True,
        default='client', tracking=True, help="The more specific rule wins: client before class before all clients.")
    client_id = fields.Many2one(
        'res.partner', index='btree_not_null', check_company=True, ondelete='cascade', tracking=True,
        domain="[('psa_is_client', '=', True)]")
    class_id = fields.Many2one(
        'psa.client.class', string="Client Class", index='btree_not_null', check_company=True, ondelete='cascade', tracking=True)
    subject = fields.Selection(
        [('user', "One Person"), ('team', "A Team"), ('group', "A Security Group")], string="For Whom", required=True, default='user',
        tracking=True, help="A rule for one person beats any rule for a team or a group he is in.")
    user_id = fields.Many2one(
        'res.users', string="Person", index='btree_not_null', ondelete='cascade', tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]")
    team_id = fields.Many2one('psa.team', index='btree_not_null', check_company=True, ondelete='cascade', tracking=True)
    group_id = fields.Many2one('res.groups', index='btree_not_null', ondelete='cascade', tracking=True)
    note = fields.Char("Reason", help="Why the rule exists; shown to who asks about his access.")

    _order_idx = models.Index('(company_id, sequence, id)')
    _statement_uniq = models.UniqueIndex(
        '''(company_id, resource, COALESCE(client_id, class_id, 0), subject, COALESCE(user_id, team_id, group_id, 0))
           WHERE active IS TRUE AND resource IN ('client', 'class', 'all')''',
        "There is already a rule about the same. Change its level, or archive it.")

    @api.depends(lambda self: ['level', 'resource', 'subject', *self._psa_about_fields().values(), *self._psa_subject_fields().values()])
    def _compute_name(self):
        for rule in self:
            rule.name = self.env._(
                "%(who)s: %(level)s – %(what)s", who=rule._psa_subject_label(), level=rule._psa_label('level'),
                what=rule._psa_about_label())

    @api.constrains(lambda self: [
        'resource', 'subject', 'company_id', *self._psa_about_fields().values(), *self._psa_subject_fields().values()])
    def _check_complete(self):
        for rule in self:
            for selector, by_choice in (('resource', self._psa_about_fields()), ('subject', self._psa_subject_fields())):
                fname = by_choice.get(rule[selector])
                if fname and not rule[fname]:
                    raise ValidationError(self.env._(
                        "The access rule is not complete: choose %(field)s, or another value in “%(selector)s”.",
                        field=rule._fields[fname]._description_string(self.env),
                        selector=rule._fields[selector]._description_string(self.env)))

    @api.constrains('user_id', 'company_id', 'subject')
    def _check_user(self):
        for rule in self.filtered('user_id'):
            if rule.user_id.share:
                raise ValidationError(self.env._(
                    "%s is no member of the staff. What clients see on the portal is set by their Portal Role.", rule.user_id.name))
            if rule.company_id not in rule.user_id.sudo().company_ids:
                raise ValidationError(self.env._(
                    "%(user)s does not belong to %(company)s, so he sees nothing of it that a rule could change. "
                    "Share the client with him instead.", user=rule.user_id.name, company=rule.company_id.name))

    @api.constrains('group_id')
    def _check_group(self):
        internal = self.env.ref('base.group_user')
        for rule in self.filtered('group_id'):
            if internal not in rule.group_id.sudo().all_implied_ids:
                raise ValidationError(self.env._(
                    "“%s” is not a group of the staff. Choose a group whose members work in the company.", rule.group_id.full_name))

    @api.constrains('client_id')
    def _check_client(self):
        for rule in self.filtered('client_id'):
            if not rule.client_id.psa_is_client:
                raise ValidationError(self.env._(
                    "%(partner)s is not a client. Choose a client; its rules count for its contacts and addresses too.",
                    partner=rule.client_id.display_name))

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create([self._psa_clean_vals(vals) for vals in vals_list])
        rules._psa_recompile(rules._psa_touched())
        return rules

    def write(self, vals):
        touched = self._psa_touched()
        result = True
        for rule in self if {'resource', 'subject'} & vals.keys() else [self]:
            result = super(PsaAccessRule, rule).write(rule._psa_clean_vals(vals))
        if self._psa_statement_fields() & vals.keys():
            self._psa_recompile(touched + self._psa_touched())
        return result

    def unlink(self):
        touched = self._psa_touched()
        result = super().unlink()
        # The database took their rows along.
        self.env['psa.access']._psa_forget()
        self._psa_recompile(touched)
        return result

    @api.model
    def _psa_about_fields(self):
        """Return ``{resource: field that names it}``."""
        return {'client': 'client_id', 'class': 'class_id'}

    @api.model
    def _psa_subject_fields(self):
        return {'user': 'user_id', 'team': 'team_id', 'group': 'group_id'}

    @api.model
    def _psa_kind_resources(self):
        """Return ``{kind of the table: {resource: reach}}``."""
        return {'client': {'client': access.ONE, 'class': access.CLASS, 'all': access.ALL}}

    @api.model
    def _psa_statement_fields(self):
        """Return the fields by which a rule has an effect."""
        return {
            'active', 'company_id', 'level', 'resource', 'subject',
            *self._psa_about_fields().values(), *self._psa_subject_fields().values(),
        }

    @api.model
    def _psa_statements(self, company, kind):
        """Return ``[(reach, about, subject, grant)]`` of the rules of a company about one kind."""
        reaches = self._psa_kind_resources()[kind]
        about = SQL("CASE resource %s END", SQL(" ").join(
            SQL("WHEN %s THEN %s", resource, SQL.identifier(fname))
            for resource, fname in self._psa_about_fields().items()))
        rows = self.env.execute_query(SQL(
            """SELECT id, resource, %s, subject, CASE subject WHEN 'user' THEN user_id WHEN 'team' THEN team_id ELSE group_id END, level
               FROM psa_access_rule WHERE active IS TRUE AND company_id = %s AND resource = ANY(%s)""",
            about, company.id, list(reaches)))
        return [
            (reaches[resource], item, (subject, who), access.Grant(
                LEVELS[level], personal=subject == 'user', reach=reaches[resource], source=rule_id))
            for rule_id, resource, item, subject, who, level in rows
        ]

    def _psa_touched(self):
        """Return what the rules have an effect on: ``[(company, users, kind, resource, item)]``."""
        touched = []
        kinds = {resource: kind for kind, resources in self._psa_kind_resources().items() for resource in resources}
        for rule in self.sudo():
            fname = self._psa_about_fields().get(rule.resource)
            if rule.resource in kinds:
                touched.append((
                    rule.company_id, rule._psa_subject_users(), kinds[rule.resource], rule.resource, rule[fname].id if fname else None))
        return touched

    def _psa_subject_users(self):
        """Return the people the rule is for."""
        self.ensure_one()
        if self.subject == 'user':
            return self.user_id
        if self.subject == 'team':
            return self.team_id._psa_people()
        return self.group_id.all_user_ids

    @api.model
    def _psa_recompile(self, touched):
        """Renew the table for what changed rules touch, and nothing else."""
        Access = self.env['psa.access']
        users_by_place = {}
        for company, users, kind, resource, item in touched:
            key = (company, kind, resource, item)
            users_by_place[key] = users_by_place.get(key, users) | users
        items_by_users = {}
        for (company, kind, resource, item), users in users_by_place.items():
            reach = self._psa_kind_resources()[kind][resource]
            if reach == access.ALL:
                items = None
            elif reach == access.CLASS:
                items = self._psa_clients_of_class(item)
            else:
                items = {item}
            key = (company, kind, users)
            known = items_by_users.get(key, set())
            items_by_users[key] = None if items is None or known is None else known | items
        for (company, kind, users), items in items_by_users.items():
            Access._psa_rebuild(company, users, kind, items)

    @api.model
    def _psa_clients_of_class(self, class_id):
        return {row[0] for row in self.env.execute_query(SQL(
            "SELECT id FROM res_partner WHERE psa_client_class_id = %s", class_id))}

    @api.model
    def _psa_clean_vals(self, vals):
        """Return the values without what the chosen resource and subject do not use."""
        vals = dict(vals)
        for selector, by_choice in (('resource', self._psa_about_fields()), ('subject', self._psa_subject_fields())):
            if selector in vals:
                vals.update({fname: False for choice, fname in by_choice.items() if choice != vals[selector]})
        return vals

    def _psa_label(self, fname):
        return dict(self._fields[fname]._description_selection(self.env)).get(self[fname], '')

    def _psa_about_label(self):
        fname = self._psa_about_fields().get(self.resource)
        return self.sudo()[fname].display_name or '…' if fname else self._psa_label('resource')

    def _psa_subject_label(self):
        return self.sudo()[self._psa_subject_fields().get(self.subject, 'user_id')].display_name or '…'
