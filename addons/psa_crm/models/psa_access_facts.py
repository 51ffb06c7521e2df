from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..core import access


class PsaAccess(models.Model):
    """What the resolution has to know, read in a constant number of queries whatever is compiled."""

    _inherit = 'psa.access'

    def _psa_facts(self, company, users, kind, items):
        """Read all that the resolution of a company needs, in a constant number of queries."""
        grants, classes, named = self._psa_read_grants(company, users, kind, items)
        class_of = self._psa_read_items(company, kind, classes, named, items)
        members = defaultdict(list)
        for item, class_id in class_of.items():
            members[class_id].append(item)
        return {
            'grants': grants,
            'class_of': class_of,
            'members': members,
            'people': self._psa_read_people(company, users, grants),
        }

    def _psa_read_grants(self, company, users, kind, items):
        """Return (``{subject: [(reach, about, grant)]}``, classes named, items named)."""
        grants, classes, named = defaultdict(list), set(), set()
        for rule in self.env['psa.access.rule']._psa_statements(company, kind):
            reach, about, subject, grant = rule
            if reach == access.CLASS:
                classes.add(about)
            elif reach == access.ONE:
                if items is not None and about not in items:
                    continue
                named.add(about)
            grants[subject].append((reach, about, grant))
        if kind == 'client':
            for about, subject, grant in self.env['psa.client.share']._psa_statements(company, items):
                named.add(about)
                grants[subject].append((access.ONE, about, grant))
            for about, *people in self._psa_read_responsible(company, users, items):
                named.add(about)
                for user_id in set(people) - {None}:
                    grants['user', user_id].append((access.ONE, about, access.Grant(access.FULL, personal=True)))
        return grants, classes, named

    def _psa_read_responsible(self, company, users, items):
        """Return (client, account manager, primary technician): who answers for a client sees it, unless a rule refuses it to him."""
        condition = SQL("psa_is_client IS TRUE AND (company_id = %s OR company_id IS NULL)", company.id)
        if users is None:
            whom = SQL("(psa_account_manager_id IS NOT NULL OR psa_primary_technician_id IS NOT NULL)")
        else:
            whom = SQL("(psa_account_manager_id = ANY(%s) OR psa_primary_technician_id = ANY(%s))", users.ids, users.ids)
        if items is not None:
            whom = SQL("%s AND id = ANY(%s)", whom, list(items))
        return self.env.execute_query(SQL(
            "SELECT id, psa_account_manager_id, psa_primary_technician_id FROM res_partner WHERE %s AND %s", condition, whom))

    def _psa_read_items(self, company, kind, classes, named, items):
        """Return ``{item: class or None}`` of the items that a grant names or whose class one names."""
        if kind != 'client' or not (classes or named):
            return dict.fromkeys(named)
        condition = SQL("(id = ANY(%s) OR psa_client_class_id = ANY(%s))", list(named), list(classes))
        if items is not None:
            condition = SQL("%s AND id = ANY(%s)", condition, list(items))
        return dict(self.env.execute_query(SQL(
            """SELECT id, psa_client_class_id FROM res_partner
               WHERE psa_is_client IS TRUE AND (company_id = %s OR company_id IS NULL) AND %s""", company.id, condition)))

    def _psa_read_people(self, company, users, grants):
        """Return what is to be known about the members of a company and those it lends something to."""
        Users = self.env['res.users'].with_context(active_test=False)
        family = self._psa_branches(company)
        condition = SQL("u.active IS TRUE AND u.share IS NOT TRUE")
        if users is not None:
            condition = SQL("%s AND u.id = ANY(%s)", condition, users.ids)
        lent = {kind: [about for subject, about in grants if subject == kind] for kind in ('user', 'team', 'company')}
        rows = self.env.execute_query(SQL(
            """SELECT u.id,
                      ARRAY(SELECT cid FROM res_company_users_rel WHERE user_id = u.id),
                      ARRAY(SELECT team_id FROM psa_team_member_rel WHERE user_id = u.id
                            UNION SELECT id FROM psa_team WHERE leader_id = u.id)
                 FROM res_users u
                WHERE %(condition)s
                  AND (u.id = ANY(%(users)s)
                       OR EXISTS (SELECT FROM res_company_users_rel WHERE user_id = u.id AND cid = ANY(%(companies)s))
                       OR EXISTS (SELECT FROM psa_team_member_rel WHERE user_id = u.id AND team_id = ANY(%(teams)s))
                       OR EXISTS (SELECT FROM psa_team WHERE leader_id = u.id AND id = ANY(%(teams)s)))""",
            condition=condition, users=lent['user'], companies=[*family, *lent['company']], teams=lent['team']))
        administrators = self.env.ref('psa_crm.group_company_admin', raise_if_not_found=False)
        records = Users.browse([row[0] for row in rows])
        groups = {user.id: set(user.all_group_ids.ids) for user in records}
        return {
            user_id: {
                'member': bool(family & set(companies)),
                'administrator': bool(administrators and administrators.id in groups[user_id] and company.id in companies),
                'companies': companies,
                'teams': teams,
                'groups': groups[user_id],
            }
            for user_id, companies, teams in rows
        }

    @api.model
    def _psa_branches(self, company):
        """Return the ids of a company and its branches: members of a branch are members of the company above it."""
        return {row[0] for row in self.env.execute_query(SQL(
            "SELECT id FROM res_company WHERE parent_path LIKE %s", f'{company.parent_path}%'))}

    @api.model
    def _psa_companies_about(self, users):
        """Return the companies whose part of the table may say something about the users."""
        rows = self.env.execute_query(SQL(
            """WITH member AS (
                   SELECT c.id, c.parent_path FROM res_company_users_rel r JOIN res_company c ON c.id = r.cid
                    WHERE r.user_id = ANY(%(users)s)
               ), team AS (
                   SELECT team_id AS id FROM psa_team_member_rel WHERE user_id = ANY(%(users)s)
                   UNION SELECT id FROM psa_team WHERE leader_id = ANY(%(users)s)
               )
               SELECT unnest(string_to_array(trim(trailing '/' FROM parent_path), '/')::int[]) FROM member
               UNION SELECT company_id FROM psa_access WHERE user_id = ANY(%(users)s)
               UNION SELECT company_id FROM psa_client_share
                WHERE state IN ('accepted', 'active')
                  AND (user_id = ANY(%(users)s) OR team_id IN (SELECT id FROM team) OR to_company_id IN (SELECT id FROM member))""",
            users=users.ids))
        return self.env['res.company'].sudo().browse(sorted(row[0] for row in rows))
