from odoo import models
from odoo.addons.mail.tools.discuss import Store

PEOPLE = ('create_uid', 'user_id')


class MailActivity(models.Model):
    """Activities on what is shared between companies name people the reader cannot read; without this their chatter would not open."""

    _inherit = 'mail.activity'

    def _to_store_defaults(self, target):
        wanted = super()._to_store_defaults(target)
        people = self.sudo().create_uid | self.sudo().user_id
        strangers = set(people.ids) - self.env['res.users']._psa_colleague_ids(people.ids)
        if self.env.su or not strangers:
            return wanted
        kept = [entry for entry in wanted if getattr(entry, 'field_name', entry) not in PEOPLE]
        for entry in wanted:
            fname = getattr(entry, 'field_name', entry)
            if fname in PEOPLE:
                entry.predicate = lambda activity, fname=fname: activity.sudo()[fname].id not in strangers
                kept += [entry, Store.One(
                    # Of strangers the name, as on their messages, and nothing else.
                    fname, Store.One('partner_id', ['name']), sudo=True,
                    predicate=lambda activity, fname=fname: activity.sudo()[fname].id in strangers)]
        return kept
