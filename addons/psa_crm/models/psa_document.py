from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core import access
from ..core import document as core


class PsaDocument(models.Model):
    """A document of a client or of the service company itself, with every version its file ever had.

    The files can be reached through the routes of the suite only, which check the access and log each download; see
    psa.document.version and the override of ir.attachment.
    """

    _name = 'psa.document'
    _description = "Document"
    _inherit = ['mail.thread', 'mail.activity.mixin', 'psa.access.mixin']
    _order = 'name, id'
    _check_company_auto = True

    _psa_access_part = access.DOCUMENTS

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    type_id = fields.Many2one(
        'psa.document.type', required=True, index=True, ondelete='restrict', tracking=True, check_company=True,
        default=lambda self: self._default_type_id(), domain="[('company_id', 'in', [False, company_id])]")
    icon = fields.Selection(related='type_id.icon', string="Type Icon")
    client_id = fields.Many2one(
        'res.partner', index='btree_not_null', ondelete='restrict', tracking=True, check_company=True,
        domain="[('psa_is_client', '=', True)]",
        help="Whose document it is. Empty: the document is of the company as a whole, such as a price list.")
    company_id = fields.Many2one(
        'res.company', required=True, index=True, compute='_compute_company_id', store=True, readonly=False, precompute=True,
        tracking=True, help="The service company that keeps the document.")
    responsible_id = fields.Many2one(
        'res.users', index='btree_not_null', tracking=True, groups='base.group_user',
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Is reminded before the document ends. Empty: the account manager of the client is.")
    description = fields.Text(help="What the document is about. Shown on the portal too if the document is.")

    date_start = fields.Date(string="Valid From", tracking=True)
    date_end = fields.Date(
        string="Valid Until", tracking=True, index='btree_not_null', help="The last day on which the document is valid.")
    validity = fields.Selection(
        [
            ('unlimited', "No end"),
            ('upcoming', "Not valid yet"),
            ('valid', "Valid"),
            ('expiring', "Expiring soon"),
            ('expired', "Expired"),
        ],
        compute='_compute_validity', search='_search_validity')
    reminder_days = fields.Integer(
        string="Remind Before", compute='_compute_reminder_days', store=True, readonly=False, precompute=True,
        aggregator=None, groups='base.group_user',
        help="So many days before the end the responsible gets an activity, and the document counts as expiring soon. "
             "0: no reminder.")
    notice_date = fields.Date(
        string="Expiring From", compute='_compute_notice_date', store=True, index='btree_not_null', groups='base.group_user')
    reminder_date = fields.Date(
        string="Next Reminder", compute='_compute_reminder_date', store=True, groups='base.group_user')
    reminded_until = fields.Date(
        string="Reminded of the End On", copy=False, readonly=True, groups='base.group_user',
        help="The end of validity of which somebody has been reminded.")

    portal_visibility = fields.Selection(
        [
            ('hidden', "Not on the portal"),
            ('approvers', "Approvers and administrators"),
            ('everybody', "Everybody"),
        ],
        string="On the Portal", default='hidden', required=True, tracking=True,
        help="Who can download the current version on the portal: nobody, the approvers and administrators of the client, "
             "or everybody who signs in for it. A document without client is shown to the people of all clients.")

    version_ids = fields.One2many('psa.document.version', 'document_id', string="Versions", groups='base.group_user')
    current_version_id = fields.Many2one(
        'psa.document.version', readonly=True, copy=False, index='btree_not_null',
        groups='base.group_user')
    version_number = fields.Integer(
        related='current_version_id.number', string="Version", aggregator=None, groups='base.group_user')
    version_date = fields.Datetime(
        related='current_version_id.create_date', string="Version Of", groups='base.group_user')
    file_name = fields.Char(related='current_version_id.file_name', string="File Name", groups='base.group_user')
    file_size = fields.Integer(related='current_version_id.file_size', aggregator=None, groups='base.group_user')
    is_viewable = fields.Boolean(related='current_version_id.is_viewable', groups='base.group_user')
    upload = fields.Binary(
        string="File", compute='_compute_upload', inverse='_inverse_upload', groups='base.group_user',
        help="A file written here becomes the next version of the document.")
    upload_name = fields.Char(
        string="File Name of the Upload", compute='_compute_upload', inverse='_inverse_upload', groups='base.group_user')
    download_ids = fields.One2many('psa.document.download', 'document_id', string="Download Log", groups='base.group_user')
    download_count = fields.Integer(string="Downloads", compute='_compute_download_count', groups='base.group_user')

    _order_idx = models.Index('(name, id)')
    # The same order for one client or company, as access rules and shares ask for it.
    _client_order_idx = models.Index('(client_id, name, id)')
    _company_order_idx = models.Index('(company_id, name, id)')
    # The reminders that are due, and nothing else.
    _reminder_idx = models.Index('(reminder_date, id) WHERE reminder_date IS NOT NULL')
    # What the portal shows of a client, in its order.
    _portal_idx = models.Index("(client_id, id) WHERE portal_visibility != 'hidden' AND active IS TRUE")
    _reminder_days_range = models.Constraint(
        'CHECK(reminder_days BETWEEN 0 AND 3650)', "Remind Before must be between 0 and 3650 days.")
    _dates_order = models.Constraint(
        'CHECK(date_end >= date_start)', "Valid Until lies before Valid From. Correct one of the two dates.")

    @api.model
    def _default_type_id(self):
        other = self.env.ref('psa_crm.document_type_other', raise_if_not_found=False)
        return other if other and other.active else self.env['psa.document.type'].search([], limit=1)

    @api.depends('client_id')
    def _compute_company_id(self):
        for document in self:
            document.company_id = document.client_id.company_id or document.company_id or self.env.company

    @api.depends('date_start', 'date_end', 'notice_date')
    def _compute_validity(self):
        today = fields.Date.context_today(self)
        for document in self.sudo():
            document.validity = core.validity(
                document.date_start or None, document.date_end or None, document.notice_date or None, today)

    @api.model
    def _search_validity(self, operator, value):
        if operator != 'in':
            return NotImplemented
        today = fields.Date.context_today(self)
        over = Domain('date_end', '<', today)
        upcoming = ~over & Domain('date_start', '>', today)
        running = ~over & ~upcoming
        expiring = running & Domain('date_end', '!=', False) & Domain('notice_date', '<=', today)
        domains = {
            'expired': over,
            'upcoming': upcoming,
            'unlimited': running & Domain('date_end', '=', False),
            'expiring': expiring,
            'valid': running & Domain('date_end', '!=', False) & ~expiring,
        }
        return Domain.OR(domains[state] for state in value if state in domains)

    @api.depends('type_id')
    def _compute_reminder_days(self):
        for document in self:
            document.reminder_days = document.type_id.reminder_days

    @api.depends('date_end', 'reminder_days')
    def _compute_notice_date(self):
        for document in self:
            document.notice_date = core.notice_date(document.date_end or None, document.reminder_days)

    @api.depends('date_end', 'reminder_days', 'reminded_until', 'active')
    def _compute_reminder_date(self):
        today = fields.Date.today()
        for document in self:
            document.reminder_date = document.active and core.reminder_date(
                document.date_end or None, document.reminder_days, document.reminded_until or None,
                document.create_date.date() if document.create_date else today)

    def _compute_upload(self):
        # What was written has become a version; files are read through their route only.
        self.upload = False
        self.upload_name = False

    def _inverse_upload(self):
        for document in self.filtered('upload'):
            document._add_version(document.upload_name or document.name, self._decode(document.upload))

    def _compute_download_count(self):
        counts = dict(self.env['psa.document.download']._read_group(
            [('document_id', 'in', self.ids)], ['document_id'], ['__count']))
        for document in self:
            document.download_count = counts.get(document._origin, 0)

    @api.constrains('client_id')
    def _check_client_id(self):
        for document in self:
            if document.client_id and not document.client_id.psa_is_client:
                raise ValidationError(self.env._(
                    "%(document)s: %(partner)s is not a client. Set Client to the company itself, or tick Client on the contact.",
                    document=document.name, partner=document.client_id.display_name))

    @api.onchange('upload_name')
    def _onchange_upload_name(self):
        if self.upload_name and not self.name:
            self.name = core.title_of(self.upload_name)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([
            {**vals, 'name': core.title_of(vals['upload_name'])}
            if vals.get('upload_name') and not vals.get('name') else vals
            for vals in vals_list
        ])

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {'company_id', 'client_id'}:
            # Odoo checks the record as it was: nobody gives a document to a company or client he has no access to.
            self.check_access('write')
        if vals.keys() & {'date_end', 'active'}:
            self._settle_reminders()
        return result

    def unlink(self):
        # The files go with their versions; the log stays and remembers the name.
        self.check_access('unlink')
        documents = self.sudo()
        documents.current_version_id = False
        documents.version_ids.unlink()
        return super().unlink()

    def copy_data(self, default=None):
        return [
            {**vals, 'name': (default or {}).get('name') or self.env._("%s (copy)", document.name), 'portal_visibility': 'hidden'}
            for document, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def action_preview(self):
        """Show the current version in Odoo's viewer."""
        return self._current_version().action_preview()

    def action_download(self):
        """Save the current version."""
        return self._current_version().action_download()

    def action_add_version(self):
        """Ask for the next version of the file."""
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("New Version"),
            'res_model': 'psa.document.version.add',
            'view_mode': 'form',
            'target': 'new',
            'context': {'default_document_id': self.id},
        }

    def action_view_downloads(self):
        """Open the log of this document."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_document_download')
        return {**action, 'domain': [('document_id', '=', self.id)], 'context': {}}
