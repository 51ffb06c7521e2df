from odoo import fields, models
from odoo.tools import format_date

ROWS = 5  # of each list of the overview


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_overview = fields.Json(
        string="Overview", compute='_compute_psa_overview', groups='psa_crm.group_technician,psa_crm.group_billing',
        help="What is going on with the client, on one screen.")

    def _compute_psa_overview(self):
        for partner in self:
            sections = partner._psa_overview_sections() if partner._origin and partner.psa_is_client else []
            partner.psa_overview = {'sections': sorted(sections, key=lambda section: section['sequence'])}

    def _psa_overview_sections(self, keys=None):
        """Return what the overview of a client shows, without the sections that the user has no access to.

        :param keys: of which sections; all if left out
        :return: list of dicts
        """
        self.ensure_one()
        builders = self._origin._psa_overview_builders()
        wanted = [build for key, build in builders.items() if keys is None or key in keys]
        return [section for build in wanted if (section := build())]

    def _psa_overview_builders(self):
        """Return {key: method that returns the section, or None}. Addons below add sections of their own.

        Each section takes a fixed number of queries, however much there is: it shows the first rows and a count. Build them
        with :meth:`_psa_overview_section`.
        """
        return {
            'activities': self._psa_overview_activities,
            'notes': self._psa_overview_notes,
            'checklists': self._psa_overview_checklists,
            'opportunities': self._psa_overview_opportunities,
            'quotes': self._psa_overview_quotes,
        }

    def _psa_overview_section(self, key, title, icon, sequence, rows, *, count=None, domain=None, limit=ROWS, empty='', action=None):
        """Return one section of the overview.

        :param key: stable name of the section
        :param icon: class of Font Awesome
        :param sequence: where it stands; psa_crm's own are 10, 20, 30, 40, 44
        :param rows: dicts with title and, as there is, detail, badge, tone (of Bootstrap), model and id (opened by a click),
            progress (percent)
        :param count: how many there are in all, if more than rows
        :param domain: of what the rows are the first; they are counted where there may be more than these
        :param limit: how many rows were asked for
        :param empty: what is said when there are none
        :param action: method of res.partner without arguments that opens all of them
        """
        if domain is not None:
            count = self.env[rows[0]['model']].search_count(domain) if len(rows) >= limit else len(rows)
        return {
            'key': key, 'title': title, 'icon': icon, 'sequence': sequence, 'rows': rows,
            'count': len(rows) if count is None else count, 'empty': empty, 'action': action,
        }

    def _psa_overview_activities(self):
        notes = self.env['psa.client.note'].search([
            ('client_id', '=', self.id), ('follow_up_state', '=', 'planned')], order='follow_up_date, id', limit=ROWS)
        domain = [
            '|', '&', ('res_model', '=', 'res.partner'), ('res_id', '=', self.id),
            ('id', 'in', notes.sudo().follow_up_activity_id.ids),
        ]
        activities = self.env['mail.activity'].search(domain, order='date_deadline, id', limit=ROWS + 1)
        tones = {'overdue': 'danger', 'today': 'warning'}
        rows = [
            {
                'title': activity.summary or activity.activity_type_id.name,
                'detail': activity.user_id.sudo().name or '',
                'badge': format_date(self.env, activity.date_deadline),
                'tone': tones.get(activity.state, 'light'),
                'model': activity.res_model, 'id': activity.res_id,
            }
            for activity in activities[:ROWS]
        ]
        return self._psa_overview_section(
            'activities', self.env._("Next activities"), 'fa-clock-o', 10, rows,
            count=f"{ROWS}+" if len(activities) > ROWS else len(rows), empty=self.env._("Nothing planned."))

    def _psa_overview_notes(self):
        Note = self.env['psa.client.note']
        if not Note.has_access('read'):
            return None
        kinds = dict(Note._fields['kind']._description_selection(self.env))
        domain = [('client_id', '=', self.id)]
        notes = Note.search(domain, limit=ROWS)
        rows = [
            {
                'title': note.name,
                'detail': ' · '.join(filter(None, [note.user_id.sudo().name, note.contact_id.sudo().name])),
                'badge': f"{kinds[note.kind]}, {format_date(self.env, fields.Datetime.context_timestamp(self, note.date).date())}",
                'tone': 'light', 'model': Note._name, 'id': note.id,
            }
            for note in notes
        ]
        return self._psa_overview_section(
            'notes', self.env._("Latest notes"), 'fa-sticky-note-o', 20, rows, domain=domain,
            empty=self.env._("Nobody wrote a note yet."), action='action_psa_notes')

    def _psa_overview_checklists(self):
        runs = self.env['psa.checklist'].search([('client_id', '=', self.id), ('state', '=', 'running')], limit=ROWS)
        if not runs:
            return None
        today = fields.Date.context_today(self)
        rows = [
            {
                'title': run.name,
                'detail': self.env._("%(done)s of %(all)s done", done=run.done_count, all=run.item_count),
                'badge': self.env._("next %s", format_date(self.env, run.date_next)) if run.date_next else '',
                'tone': 'danger' if run.date_next and run.date_next < today else 'light',
                'progress': run.progress, 'model': run._name, 'id': run.id,
            }
            for run in runs
        ]
        return self._psa_overview_section(
            'checklists', self.env._("Checklists"), 'fa-check-square-o', 30, rows, action='action_psa_checklists')

    def _psa_overview_opportunities(self):
        Lead = self.env['crm.lead']
        if not Lead.has_access('read'):
            return None
        domain = [('partner_id', 'child_of', self.id), ('type', '=', 'opportunity'), ('won_status', '=', 'pending')]
        leads = Lead.search(domain, order='id desc', limit=ROWS)
        if not leads:
            return None
        rows = [
            {
                'title': lead.name, 'detail': lead.stage_id.name or '',
                'badge': lead.company_currency.format(lead.expected_revenue) if lead.expected_revenue else '',
                'tone': 'light', 'model': Lead._name, 'id': lead.id,
            }
            for lead in leads
        ]
        return self._psa_overview_section(
            'opportunities', self.env._("Open opportunities"), 'fa-star-o', 40, rows, domain=domain,
            action='action_view_opportunity')

    def _psa_overview_quotes(self):
        Order = self.env['sale.order']
        if not Order.has_access('read'):
            return None
        domain = [('partner_id', 'child_of', self.id), ('state', 'in', ('draft', 'sent'))]
        orders = Order.search(domain, order='id desc', limit=ROWS)
        if not orders:
            return None
        states = dict(Order._fields['state']._description_selection(self.env))
        rows = [
            {
                'title': order.name, 'detail': states[order.state], 'badge': order.currency_id.format(order.amount_total),
                'tone': 'light', 'model': Order._name, 'id': order.id,
            }
            for order in orders
        ]
        return self._psa_overview_section(
            'quotes', self.env._("Open quotes"), 'fa-file-text-o', 44, rows, domain=domain)
