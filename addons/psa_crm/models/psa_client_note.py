from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools.mail import html_to_inner_content


class PsaClientNote(models.Model):
    """What was said or done with a client, and when: a call, a visit, a mail, a meeting.

    A follow-up date puts an activity on the author's list. Note and activity are kept in step whichever is changed.
    """

    _name = 'psa.client.note'
    _description = "Client Note"
    _inherit = ['mail.thread', 'mail.activity.mixin', 'psa.access.mixin']
    _order = 'date desc, id desc'
    _check_company_auto = True
    # What we note about a client is ours: it is not lent with the client.
    _psa_access_lent = False

    name = fields.Char(string="Subject", required=True, tracking=True)
    date = fields.Datetime(
        required=True, default=fields.Datetime.now, tracking=True, help="When it happened, not when it was written down.")
    kind = fields.Selection(
        [('call', "Call"), ('visit', "Visit"), ('mail', "Mail"), ('meeting', "Meeting"), ('other', "Other")],
        required=True, default='call', tracking=True)
    client_id = fields.Many2one(
        'res.partner', required=True, ondelete='restrict', check_company=True, tracking=True,
        domain="[('psa_is_client', '=', True)]")
    contact_id = fields.Many2one(
        'res.partner', index='btree_not_null', ondelete='set null', check_company=True, tracking=True,
        domain="[('commercial_partner_id', '=', client_id), ('is_company', '=', False), ('type', '=', 'contact')]",
        help="Whom of the client it was with.")
    user_id = fields.Many2one(
        'res.users', string="By", required=True, default=lambda self: self.env.user, tracking=True,
        domain=[('share', '=', False)], help="Who of us it was; gets the follow-up.")
    body = fields.Html(string="Text", help="For your staff; clients do not see it.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        'res.company', compute='_compute_company_id', store=True, precompute=True, required=True, readonly=True)

    follow_up_date = fields.Date(
        string="Follow Up On", tracking=True, help="Puts the note on the author's list of activities for that day.")
    follow_up_activity_id = fields.Many2one(
        'mail.activity', string="Follow-Up", readonly=True, copy=False, index='btree_not_null', ondelete='set null')
    follow_up_done_on = fields.Date(string="Followed Up On", readonly=True, copy=False)
    follow_up_state = fields.Selection(
        [('none', "None"), ('planned', "Planned"), ('done', "Done")], string="Follow-Up State",
        compute='_compute_follow_up_state', store=True)

    search_text = fields.Text(
        string="Full Text", compute='_compute_search_text', store=True, index='trigram', export_string_translation=False,
        help="Subject and text in plain words, for the search.")

    _date_idx = models.Index('(company_id, date DESC, id DESC) WHERE active IS TRUE')
    _recent_idx = models.Index('(date DESC, id DESC)')
    _client_idx = models.Index('(client_id, date DESC, id DESC)')
    _user_idx = models.Index('(user_id, date DESC, id DESC)')
    _follow_up_idx = models.Index("(follow_up_date) WHERE follow_up_state = 'planned'")

    @api.depends('client_id.company_id')
    def _compute_company_id(self):
        for note in self:
            note.company_id = note.client_id.company_id or note.company_id or self.env.company

    @api.depends('follow_up_date', 'follow_up_done_on')
    def _compute_follow_up_state(self):
        for note in self:
            note.follow_up_state = 'done' if note.follow_up_done_on else 'planned' if note.follow_up_date else 'none'

    @api.depends('name', 'body')
    def _compute_search_text(self):
        for note in self:
            note.search_text = f"{note.name or ''}\n{html_to_inner_content(note.body or '')}"

    @api.onchange('contact_id')
    def _onchange_contact_id(self):
        if self.contact_id and not self.client_id:
            self.client_id = self.contact_id.commercial_partner_id

    @api.onchange('client_id')
    def _onchange_client_id(self):
        if self.contact_id.commercial_partner_id != self.client_id:
            self.contact_id = False

    @api.constrains('client_id', 'contact_id')
    def _check_client_and_contact(self):
        for note in self:
            client, contact = note.client_id, note.contact_id
            if not client.psa_is_client:
                raise ValidationError(self.env._(
                    "%s is not a client. Choose a client, or tick Client on the contact first.", client.display_name))
            if contact and contact.commercial_partner_id != client:
                raise ValidationError(self.env._(
                    "%(contact)s does not belong to %(client)s. Choose one of its people in Contact.",
                    contact=contact.name or contact.display_name, client=client.name))

    @api.model_create_multi
    def create(self, vals_list):
        notes = super().create(vals_list)
        notes._check_author()
        notes._sync_follow_up()
        return notes

    def write(self, vals):
        if vals.keys() & {'follow_up_date'} and vals['follow_up_date']:
            # A new date asks for it again, also when it was done before.
            vals = {**vals, 'follow_up_done_on': False}
        result = super().write(vals)
        if 'user_id' in vals:
            self._check_author()
        if vals.keys() & {'follow_up_date', 'user_id', 'name', 'active'}:
            self._sync_follow_up(with_author='user_id' in vals)
        return result

    def unlink(self):
        self._drop_follow_up()
        return super().unlink()

    def action_view_client(self):
        """Open the client."""
        self.ensure_one()
        return self.client_id._get_records_action()

    def action_follow_up_done(self):
        """Tick off the follow-up, as its author does on his list of activities."""
        self.check_access('write')
        self.sudo().follow_up_activity_id.filtered('active').action_feedback()

    def _check_author(self):
        """Refuse notes in the name of somebody else: only who dispatches corrects who it was."""
        if self.env.su or self.env.user.has_group('psa_crm.group_dispatcher'):
            return
        if any(note.user_id != self.env.user for note in self):
            raise AccessError(self.env._(
                "You can write notes in your own name only: set By to yourself. Dispatchers may set it to anybody."))

    def _sync_follow_up(self, with_author=False):
        """Make, move or drop the activities, so that they are what the notes say.

        :param with_author: hand the activity to the author, too; otherwise whoever took it over keeps it
        """
        activities = self.env['mail.activity'].sudo().with_context(mail_activity_quick_update=True)
        to_drop, to_create, changed = self.browse(), [], {}
        for note in self.sudo():
            activity = note.follow_up_activity_id.filtered('active')
            wanted = note.active and note.follow_up_date and not note.follow_up_done_on
            if not wanted:
                to_drop += note if activity else note.browse()
            elif not activity:
                to_create.append((note, note._prepare_follow_up_vals()))
            else:
                vals = {'date_deadline': note.follow_up_date, 'summary': note.name}
                if with_author:
                    vals['user_id'] = note.user_id.id
                # What is the same already is not written: it may be the activity that told us.
                now = {'date_deadline': activity.date_deadline, 'summary': activity.summary, 'user_id': activity.user_id.id}
                vals = {name: value for name, value in vals.items() if now[name] != value}
                if vals:
                    changed.setdefault(tuple(vals.items()), []).append(activity.id)
        to_drop._drop_follow_up()
        for vals, ids in changed.items():
            activities.browse(ids).write(dict(vals))
        created = activities.create([vals for _note, vals in to_create])
        for (note, _vals), activity in zip(to_create, created, strict=True):
            note.follow_up_activity_id = activity

    def _drop_follow_up(self):
        """Take the follow-ups off the list. Let go of first: an activity that goes takes the date of its note along."""
        notes = self.sudo()
        activities = notes.follow_up_activity_id.filtered('active')
        notes.follow_up_activity_id = False
        activities.unlink()

    def _prepare_follow_up_vals(self):
        """Return the values of the activity that reminds the author."""
        self.ensure_one()
        return {
            'res_model_id': self.env['ir.model']._get_id(self._name),
            'res_id': self.id,
            'activity_type_id': self.env.ref('mail.mail_activity_data_todo').id,
            'summary': self.name,
            'date_deadline': self.follow_up_date,
            'user_id': self.user_id.id,
        }
