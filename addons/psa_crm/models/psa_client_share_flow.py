from markupsafe import Markup
from odoo import api, fields, models
from odoo.fields import Domain

from .psa_client_share_states import OPEN


class PsaClientShare(models.Model):
    """The course of a share: offer, answer, end, and who is told."""

    _inherit = 'psa.client.share'

    def _psa_offer(self):
        """Tell the receivers about new shares. Colleagues of the client's own company are assigned, all others asked."""
        shares = self.sudo()
        inside = shares.filtered(lambda share: share.company_id in share.user_id.company_ids)
        inside._psa_accept()
        (shares - inside)._psa_ask_deciders()
        shares._psa_tell_receivers()
        shares._psa_note_on_clients({
            share: self.env._(
                "Shared with %(receiver)s (%(level)s), from %(start)s until %(end)s.",
                receiver=share.receiver_name, level=share._psa_level_label(), start=self._psa_show(share.date_from),
                end=self._psa_show(share.date_to))
            for share in shares
        })

    def _psa_accept(self):
        """Put the shares into force, at once or from their first day on."""
        now = fields.Datetime.now()
        begun = self.filtered(lambda share: share.date_from <= now)
        begun.write({'state': 'active'})
        (self - begun).write({'state': 'accepted'})
        self._psa_close_activities()

    def _psa_finish(self, state, note):
        """End the shares and say why, on their own thread and on the client's."""
        ending = self.filtered(lambda share: share.state in OPEN)
        if not ending:
            return
        ending.write({'state': state})
        ending._psa_close_activities()
        ending._message_log_batch(bodies=dict.fromkeys(ending.ids, note))
        ending._psa_note_on_clients({
            share: self.env._("No longer shared with %(receiver)s. %(note)s", receiver=share.receiver_name, note=note)
            for share in ending
        })

    def _psa_follow_dates(self):
        """Let the state follow the dates."""
        now = fields.Datetime.now()
        over = self.filtered(lambda share: share.state in OPEN and share.date_to and share.date_to <= now)
        over._psa_finish('ended', self.env._("Its time is over."))
        self.filtered(lambda share: share.state == 'accepted' and share.date_from <= now).write({'state': 'active'})
        self.filtered(lambda share: share.state == 'active' and share.date_from > now).write({'state': 'accepted'})

    @api.model
    def _cron_follow_dates(self):
        """Show which shares began and ended. Access does not wait for it: it looks at the dates itself."""
        now = fields.Datetime.now()
        due = Domain('state', 'in', OPEN) & Domain('date_to', '<=', now)
        due |= Domain('state', '=', 'accepted') & Domain('date_from', '<=', now)
        shares = self.search(due, limit=500, order='id')
        shares._psa_follow_dates()
        self.env['ir.cron']._commit_progress(len(shares), remaining=self.search_count(due))

    @api.model
    def _psa_end_of_receivers(self, fname, receivers, note):
        """End what is shared with receivers that are archived."""
        self.sudo().search([(fname, 'in', receivers.ids), ('state', 'in', OPEN)])._psa_finish('ended', note)

    def _psa_ask_deciders(self):
        """Put the question on the desk of those who may answer."""
        todo = self.env['ir.model.data']._xmlid_to_res_id('mail.mail_activity_data_todo')
        model_id = self.env['ir.model']._get_id(self._name)
        # The receivers get one mail for all; not one more for each task.
        self.env['mail.activity'].sudo().with_context(mail_activity_quick_update=True).create([
            {
                'res_model_id': model_id, 'res_id': share.id, 'activity_type_id': todo, 'user_id': decider.id,
                'summary': self.env._("Accept or decline: %s", share.client_id.name), 'note': share.reason or False,
            }
            for share in self for decider in share._psa_deciders()
        ])

    def _psa_close_activities(self):
        self.activity_ids.unlink()

    def _psa_tell_receivers(self):
        """Write to the receivers: one mail to each, however many clients there are."""
        for receiver, shares in self.grouped(lambda share: (share._psa_receiver(), share.giver_id, share.date_to)).items():
            people = shares[0]._psa_deciders() if shares[0].to_company_id else shares[0]._psa_receiving_users()
            people -= receiver[1]
            if not people:
                continue
            first = shares[0]
            rows = Markup("").join(
                Markup("<li>%s</li>") % share.client_id.name for share in shares)
            terms = self.env._(
                "Level: %(level)s. From %(start)s until %(end)s.", level=first._psa_level_label(),
                start=self._psa_show(first.date_from), end=self._psa_show(first.date_to))
            asks = any(share.state == 'offered' for share in shares)
            body = Markup("<p>%s</p><ul>%s</ul><p>%s</p>%s<p>%s</p>") % (
                self.env._("%(giver)s of %(company)s shares with you:", giver=first.giver_id.name, company=first.company_id.name),
                rows, terms, Markup("<p>%s</p>") % first.reason if first.reason else "",
                self.env._("Please accept or decline it in the list “Shared with Us”.") if asks
                else self.env._("You need not do anything: it is open to you from the start on."),
            )
            first.message_notify(
                partner_ids=people.partner_id.ids, body=body, author_id=first.giver_id.partner_id.id,
                subject=self.env._("%s shares clients with you", first.giver_id.name))

    def _message_get_suggested_recipients_batch(self, *args, **kwargs):
        """Suggest nobody: the other side is beyond the wall, and is told by the share itself."""
        return {share.id: [] for share in self}

    def _psa_note_on_clients(self, notes):
        """Note on the thread of each client what happened to its shares."""
        bodies = {}
        for share, note in notes.items():
            bodies.setdefault(share.client_id, []).append(Markup("<p>%s</p>") % note)
        clients = self.env['res.partner'].sudo().union(*bodies)
        clients._message_log_batch(bodies={client.id: Markup("").join(lines) for client, lines in bodies.items()})

    def _psa_level_label(self):
        return dict(self._fields['level']._description_selection(self.env))[self.level]
