from collections import defaultdict
from datetime import timezone

from odoo import api, fields, models, tools
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import access
from ..core.effective import Effective, Row

# Counts the committed changes of the table this process has seen, by database. It is part of the key of what is cached, so
# nothing that a concurrent thread read before the commit is used after it.
_generations = defaultdict(int)
_DIRTY = 'psa_access_dirty'


def aware(moment):
    """Odoo keeps datetimes in UTC without saying so; the core wants it said."""
    return moment.replace(tzinfo=timezone.utc) if moment else None


def naive(moment):
    return moment.replace(tzinfo=None) if moment else None


class PsaAccess(models.Model):
    """Who may do what, compiled from rules, shares and defaults: the only thing that record rules look at.

    For each person and company there is a *baseline* row without item, and a row for each *exception* from it: so a list of
    what is allowed, or of what is not, is short by construction. A person without a baseline in a company is no member of it
    and has what is lent to him. Rows with dates hold from ``date_from`` up to, not including, ``date_to``; readers look at
    the dates themselves, the cron only sweeps up.

    Nobody has access to this table; it is written by :meth:`_psa_rebuild` alone, which everything that access depends on calls
    for what it touches. Transactions that do so at the same time for one company collide on its row of
    ``psa.access.revision``, so the second one starts again and sees what the first one did.

    To add a kind of item (see psa_helpdesk for desks): a field that points to it, ``_psa_kinds``, ``_psa_kind_default`` and the
    fields of the rule.
    """

    _name = 'psa.access'
    _description = "Effective Access"
    _log_access = False
    _order = 'id'

    kind = fields.Char(required=True, help="What the row is about: clients, or what other addons add.")
    user_id = fields.Many2one('res.users', required=True, ondelete='cascade')
    company_id = fields.Many2one('res.company', required=True, index=True, ondelete='cascade')
    client_id = fields.Many2one('res.partner', index='btree_not_null', ondelete='cascade')
    level = fields.Integer(required=True)
    scope = fields.Integer(required=True, help="The parts of the client this is about, one bit each.")
    date_from = fields.Datetime()
    date_to = fields.Datetime()
    rule_id = fields.Many2one('psa.access.rule', index='btree_not_null', ondelete='cascade')
    share_id = fields.Many2one('psa.client.share', index='btree_not_null', ondelete='cascade')

    _user_idx = models.Index('(user_id, company_id)')
    _date_to_idx = models.Index('(date_to) WHERE date_to IS NOT NULL')

    # Reading

    @api.model
    def _psa_effective(self):
        """Return the effective access of the current user, or None for whom other rules limit (portal, public, system).

        What it is based on is never older than the last commit of this process, or than the start of the request for commits
        of others; a transaction sees its own changes.
        """
        user = self.env.user
        if user._is_superuser() or not user.has_group('base.group_user'):
            return None
        cr = self.env.cr
        if not cr.postcommit.data.get(_DIRTY):
            return self._psa_load_cached(user.id, _generations[cr.dbname])
        known = cr.cache.setdefault('psa_access', {})
        if user.id not in known:
            known[user.id] = self._psa_load(cr, user.id)
        return known[user.id]

    @api.model
    @tools.ormcache('uid', 'generation')
    def _psa_load_cached(self, uid, generation):
        # In a transaction of its own: this one may have begun long ago.
        with self.env.registry.cursor() as cr:
            return self._psa_load(cr, uid)

    @api.model
    def _psa_load(self, cr, uid):
        kinds = self._psa_kinds()
        cr.execute(SQL(
            "SELECT kind, company_id, %s, level, scope, date_from, date_to, share_id IS NOT NULL FROM psa_access WHERE user_id = %s",
            self._psa_item_sql(kinds), uid,
        ))
        return Effective([
            Row(kind, company, item, level, scope, aware(starts), aware(ends), lent)
            for kind, company, item, level, scope, starts, ends, lent in cr.fetchall()
        ])

    @api.model
    def _psa_now(self):
        return aware(fields.Datetime.now())

    # What there is to compile

    @api.model
    def _psa_kinds(self):
        """Return ``{kind: field of this model}``."""
        return {'client': 'client_id'}

    @api.model
    def _psa_kind_default(self, kind, company):
        """Return the level of a member of a company where no rule says anything."""
        return access.FULL if company.psa_access_default == 'open' else access.REFUSE

    @api.model
    def _psa_item_sql(self, kinds):
        return SQL("COALESCE(%s)", SQL(", ").join(SQL.identifier(fname) for fname in kinds.values()))

    # Writing

    @api.model
    def _psa_rebuild(self, companies, users=None, kind=None, items=None):
        """Bring the table up to date for companies, narrowed down to users, one kind, and items where given.

        Compares what is there with what should be and writes the difference.

        :param items: ids of clients (or of what the kind is about); without them the baselines are renewed too
        :return: whether anything changed
        """
        if users is not None and not users:
            return False
        if items is not None and not items:
            return False
        self = self.sudo()
        self.env.flush_all()
        companies = companies.sudo().sorted('id')
        self._psa_lock(companies)
        changed = False
        for company in companies:
            for one_kind in [kind] if kind else self._psa_kinds():
                changed |= self._psa_rebuild_company(company, users, one_kind, items)
        if changed:
            self._psa_forget()
        return changed

    @api.model
    def _psa_set_up(self):
        """Make the present data fit when the addon is installed or updated."""
        rule_id = self.env['ir.model.data']._xmlid_to_res_id('base.res_partner_rule')
        self.env['ir.rule'].browse(rule_id).active = False
        self.env.flush_all()
        # Contacts are seen with their client, so they are in its company.
        self.env.cr.execute(SQL(
            """UPDATE res_partner contact SET company_id = client.company_id FROM res_partner client
                WHERE client.id = contact.commercial_partner_id AND client.psa_is_client IS TRUE AND contact.id <> client.id
                  AND contact.company_id IS DISTINCT FROM client.company_id"""))
        self.env['res.partner'].invalidate_model(['company_id'])
        self._psa_rebuild_all()

    @api.model
    def _psa_rebuild_all(self):
        """Bring the whole table up to date."""
        self._psa_rebuild(self.env['res.company'].sudo().with_context(active_test=False).search(Domain.TRUE))

    @api.model
    def _psa_rebuild_users(self, users):
        """Bring the table up to date after something about the users changed: companies, groups, teams, archival."""
        users = users.sudo()
        if users:
            self._psa_rebuild(self._psa_companies_about(users), users=users)

    @api.model
    def _psa_check(self, companies=None):
        """Return the differences between the table and the resolution: an empty list, or there is a defect."""
        self = self.sudo()
        self.env.flush_all()
        found = []
        now = fields.Datetime.now()
        for company in companies or self.env['res.company'].with_context(active_test=False).search(Domain.TRUE):
            for kind in self._psa_kinds():
                stored, wanted = self._psa_stored(company, None, kind, None), self._psa_wanted(company, None, kind, None)
                found += [('missing', company.id, kind, *row) for row in wanted - stored.keys()]
                found += [
                    ('stale', company.id, kind, *row) for row in stored.keys() - wanted if not row[5] or row[5] > now
                ]
        return found

    @api.model
    def _psa_lock(self, companies):
        """Make transactions that rebuild the same company collide. The later one fails to serialize and is run again."""
        if companies:
            self.env.cr.execute(SQL(
                """INSERT INTO psa_access_revision (company_id, revision) SELECT company, 1 FROM unnest(%s) AS company
                   ON CONFLICT (company_id) DO UPDATE SET revision = psa_access_revision.revision + 1""", companies.ids))

    @api.model
    def _psa_forget(self):
        """Drop what was read of the table: here at once, in other threads and processes with the commit."""
        cr = self.env.cr
        if not cr.postcommit.data.get(_DIRTY):
            cr.postcommit.data[_DIRTY] = True

            @cr.postcommit.add
            def count_generation(dbname=cr.dbname):
                _generations[dbname] += 1
        cr.cache.pop('psa_access', None)
        self.env.registry.clear_cache()
        for model in self.env.registry.descendants(['psa.access.mixin'], '_inherit'):
            if not self.env[model]._abstract:
                self.env[model].invalidate_model(['psa_can_read', 'psa_can_write'], flush=False)

    def _psa_rebuild_company(self, company, users, kind, items):
        stored = self._psa_stored(company, users, kind, items)
        wanted = self._psa_wanted(company, users, kind, items)
        stale = [row_id for row, row_id in stored.items() if row not in wanted]
        missing = [row for row in wanted if row not in stored]
        if stale:
            self.env.cr.execute(SQL("DELETE FROM psa_access WHERE id = ANY(%s)", stale))
        if missing:
            # Columns, not rows: a rule for a group and a class can concern ten thousand of them.
            users, items, levels, scopes, starts, ends, rules, shares = (list(column) for column in zip(*missing, strict=True))
            self.env.cr.execute(SQL(
                """INSERT INTO psa_access
                   (kind, company_id, user_id, %s, level, scope, date_from, date_to, rule_id, share_id)
                   SELECT %s, %s, * FROM unnest(
                       %s::int[], %s::int[], %s::int[], %s::int[], %s::timestamp[], %s::timestamp[], %s::int[], %s::int[])""",
                SQL.identifier(self._psa_kinds()[kind]), kind, company.id, users, items, levels, scopes, starts, ends, rules, shares))
        if stale or missing:
            self.invalidate_model(flush=False)
        return bool(stale or missing)

    def _psa_stored(self, company, users, kind, items):
        """Return ``{(user, item, level, scope, from, to, rule, share): id}`` as the table has it."""
        item = SQL.identifier(self._psa_kinds()[kind])
        conditions = [SQL("kind = %s AND company_id = %s", kind, company.id)]
        if users is not None:
            conditions.append(SQL("user_id = ANY(%s)", users.ids))
        if items is not None:
            conditions.append(SQL("%s = ANY(%s)", item, list(items)))
        rows = self.env.execute_query(SQL(
            "SELECT id, user_id, %s, level, scope, date_from, date_to, rule_id, share_id FROM psa_access WHERE %s",
            item, SQL(" AND ").join(conditions)))
        return {tuple(row): row_id for row_id, *row in rows}

    def _psa_wanted(self, company, users, kind, items):
        """Return the rows as the resolution wants them."""
        facts = self._psa_facts(company, users, kind, items)
        default = self._psa_kind_default(kind, company)
        now = self._psa_now()
        wanted = set()
        for user_id, person in facts['people'].items():
            if person['administrator']:
                wanted.add((user_id, None, access.FULL, access.EVERYTHING, None, None, None, None))
                continue
            grants = self._psa_grants_of(user_id, person, facts)
            baseline, exceptions = access.compile_access(
                default if person['member'] else access.REFUSE, *grants, facts['class_of'], facts['members'])
            if person['member'] and items is None:
                rule_id = baseline.grant.source if baseline.grant else None
                wanted.add((user_id, None, baseline.level, access.EVERYTHING, None, None, rule_id, None))
            for item, pieces in exceptions.items():
                for piece in pieces:
                    if piece.ends is not None and piece.ends <= now:
                        continue
                    source = (None, piece.source) if piece.lent else (piece.source, None)
                    wanted.add((user_id, item, piece.level, piece.scope, naive(piece.starts), naive(piece.ends), *source))
        if items is not None:
            wanted = {row for row in wanted if row[1] is not None}
        return wanted

    def _psa_grants_of(self, user_id, person, facts):
        """Return (about all, {class: grants}, {item: grants}) of one person."""
        common, by_class, by_item = [], defaultdict(list), defaultdict(list)
        shelves = [facts['grants'].get(('user', user_id), ())]
        shelves += [facts['grants'].get(('team', team), ()) for team in person['teams']]
        shelves += [facts['grants'].get(('group', group), ()) for group in person['groups']]
        shelves += [facts['grants'].get(('company', other), ()) for other in person['companies']]
        for shelf in shelves:
            for reach, about, grant in shelf:
                if not grant.lent and not person['member']:
                    continue  # rules are about the company's own people
                if reach == access.ALL:
                    common.append(grant)
                elif reach == access.CLASS:
                    by_class[about].append(grant)
                else:
                    by_item[about].append(grant)
        return common, by_class, by_item

    @api.autovacuum
    def _gc_expired(self):
        """Sweep up rows of intervals that are over; nobody looks at them any more."""
        self.env.cr.execute(SQL(
            "DELETE FROM psa_access WHERE id IN (SELECT id FROM psa_access WHERE date_to < %s ORDER BY id LIMIT 10000)",
            fields.Datetime.subtract(fields.Datetime.now(), days=1)))
        return self.env.cr.rowcount, self.env.cr.rowcount == 10000
