from dataclasses import dataclass

from odoo import api, models
from odoo.tools import SQL

from ..core import access

LEVEL_NAMES = {access.REFUSE: 'refuse', access.READ: 'read', access.WORK: 'work', access.FULL: 'full'}


@dataclass(frozen=True)
class Reason:
    """Why a person has a level for something, in words."""

    level: int
    text: str
    kind: str  # 'rule', 'share', 'default', 'responsible', 'administrator', 'stranger', 'free'


class PsaAccess(models.Model):
    """The table in words: which rule, share or default gives or refuses."""

    _inherit = 'psa.access'

    @api.model
    def _psa_reasons(self, users, kind, company, item_id, part):
        """Return ``{user: [reason, …]}``: first that of the company the item belongs to, then what is lent to the person.

        Reads the same rows as the record rules do.
        """
        self = self.sudo()
        self.env.flush_all()
        now = self._psa_now().replace(tzinfo=None)
        rows = self.env.execute_query(SQL(
            """SELECT user_id, %(item)s, level, rule_id, share_id FROM psa_access
                WHERE user_id = ANY(%(users)s) AND company_id = %(company)s AND kind = %(kind)s
                  AND (%(item)s IS NULL OR %(item)s = %(item_id)s) AND scope & %(part)s <> 0
                  AND (date_from IS NULL OR date_from <= %(now)s) AND (date_to IS NULL OR date_to > %(now)s)""",
            item=SQL.identifier(self._psa_kinds()[kind]), users=users.ids, company=company.id, kind=kind,
            item_id=item_id or 0, part=part, now=now))
        found = {}
        for user_id, item, level, rule_id, share_id in rows:
            # An exception says more than the baseline.
            if item is not None or user_id not in found:
                found[user_id] = (item, level, rule_id, share_id)
        at_baseline = users.filtered(lambda user: user.id in found and found[user.id][0] is None)
        found.update(self._psa_silent_sources(at_baseline, kind, company, item_id, part, found))
        administrators = self.env.ref('psa_crm.group_company_admin').sudo().all_user_ids
        return {
            user: self._psa_reason(user, kind, company, found.get(user.id), user in administrators) for user in users
        }

    def _psa_silent_sources(self, users, kind, company, item_id, part, found):
        """Return what decides for people at their baseline, where a grant about the item says just the same as the baseline."""
        silent = {}
        if not users or not item_id:
            return silent
        facts = self._psa_facts(company, users, kind, {item_id})
        for user_id, person in facts['people'].items():
            if person['administrator']:
                continue
            common, by_class, by_item = self._psa_grants_of(user_id, person, facts)
            grants = [*common, *by_class.get(facts['class_of'].get(item_id), ()), *by_item.get(item_id, ())]
            default = self._psa_kind_default(kind, company) if person['member'] else access.REFUSE
            decision = access.decide(grants, default, self._psa_now(), part)
            level = found[user_id][1]
            if decision.grant and decision.level == level:
                source = (None, decision.grant.source) if decision.grant.lent else (decision.grant.source, None)
                silent[user_id] = (item_id if source == (None, None) else None, level, *source)
        return silent

    def _psa_reason(self, user, kind, company, row, is_administrator):
        name = user.sudo().name
        if row is None:
            return Reason(access.REFUSE, self.env._(
                "%(user)s does not belong to %(company)s, and nothing is shared with him.", user=name, company=company.name), 'stranger')
        item, level, rule_id, share_id = row
        if share_id:
            return Reason(level, self._psa_share_in_words(self.env['psa.client.share'].browse(share_id), name), 'share')
        if rule_id:
            rule = self.env['psa.access.rule'].browse(rule_id)
            text = self.env._("An access rule says: “%(rule)s”.", rule=rule.name)
            return Reason(level, f'{text} {rule.note}' if rule.note else text, 'rule')
        if item is not None:
            return Reason(level, self.env._("%s is the account manager or the primary technician of the client.", name), 'responsible')
        if is_administrator and company in user.sudo().company_ids:
            return Reason(level, self.env._(
                "%(user)s is an administrator of %(company)s, and those always have full access.", user=name, company=company.name),
                'administrator')
        return Reason(level, self._psa_default_in_words(kind, company, level), 'default')

    def _psa_share_in_words(self, share, name):
        return self.env._(
            "%(giver)s of %(company)s shared the client with %(receiver)s from %(start)s until %(end)s.",
            giver=share.giver_id.name, company=share.company_id.name, receiver=share._psa_receiver().display_name or name,
            start=share._psa_show(share.date_from), end=share._psa_show(share.date_to))

    @api.model
    def _psa_default_in_words(self, kind, company, level):
        if level >= access.FULL:
            return self.env._("No rule says anything, and %s is open to its staff by default.", company.name)
        return self.env._(
            "No rule opens it, and at %s the staff sees only what a rule or a share opens (need to know).", company.name)
