from odoo import fields, models


class MailActivity(models.Model):
    """Tells notes and checklists what became of the activities they made."""

    _inherit = 'mail.activity'

    def write(self, vals):
        result = super().write(vals)
        ours = self._psa_of_clients()
        if ours and vals.keys() & {'active', 'date_deadline', 'user_id'}:
            ours._psa_tell_change(vals)
        return result

    def unlink(self):
        items, notes = self._psa_open_items(), self._psa_notes_to_follow_up()
        result = super().unlink()
        items._settle('skipped')
        # Cancelled on the list of activities: there is nothing to follow up any more.
        notes.follow_up_date = False
        return result

    def _psa_tell_change(self, vals):
        items, notes = self._psa_open_items(), self._psa_notes_to_follow_up()
        if 'active' in vals and not vals['active']:
            items._settle('done')
            notes.follow_up_done_on = fields.Date.context_today(self)
            return
        if vals.get('date_deadline'):
            date = fields.Date.to_date(vals['date_deadline'])
            items.date_deadline = date
            notes.filtered(lambda note: note.follow_up_date != date).follow_up_date = date
        if 'user_id' in vals:
            items.user_id = vals['user_id']

    def _psa_of_clients(self):
        """Return the activities among these that a note or a checklist may have made."""
        return self.filtered(lambda activity: activity.res_model in ('res.partner', 'psa.client.note'))

    def _psa_open_items(self):
        """Return the open items of checklists, without rules, that these activities stand for."""
        ids = self.filtered(lambda activity: activity.res_model == 'res.partner').ids
        items = self.env['psa.checklist.item'].sudo()
        return items.search([('activity_id', 'in', ids), ('state', '=', 'open')]) if ids else items

    def _psa_notes_to_follow_up(self):
        """Return the notes, without rules, of which these activities are the follow-up."""
        ids = self.filtered(lambda activity: activity.res_model == 'psa.client.note').ids
        notes = self.env['psa.client.note'].sudo().with_context(active_test=False)
        return notes.search([('follow_up_activity_id', 'in', ids), ('follow_up_state', '=', 'planned')]) if ids else notes
