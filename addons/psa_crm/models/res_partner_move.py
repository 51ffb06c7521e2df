from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

MAX_SHOWN = 8


class ResPartner(models.Model):
    """Moving clients to another service company, with their history.

    What happened stays true: posted invoices, the ledger and all that the former company did and billed stay in its books. What
    is about the client itself moves: its people, mail domains, opportunities, and what other addons add in
    :meth:`_psa_move_history`. What cannot be in two companies at once is an obstacle, named by :meth:`_psa_move_obstacles`
    before anything is touched.
    """

    _inherit = 'res.partner'

    psa_former_company_ids = fields.Many2many(
        'res.company', 'psa_partner_former_company_rel', 'partner_id', 'company_id', string="Former Service Companies",
        readonly=True, copy=False, groups='base.group_user',
        help="Companies the client was moved away from. Their books keep its invoices, which can still be paid and credited.")

    @api.model
    def _check_company_domain(self, companies):
        domain = super()._check_company_domain(companies)
        if not companies or isinstance(companies, str):
            return domain
        return Domain(domain) | Domain('psa_former_company_ids', 'in', models.to_record_ids(companies))

    def _psa_move_to_company(self, company, responsible):
        """Move these clients with their history to another company; all or nothing.

        Runs with all rights: call it only after the caller was found to have both companies.

        :param company: the res.company they move to
        :param responsible: the res.users there who takes over where those responsible do not work in the new company
        :raise UserError: naming everything that is in the way
        """
        clients = self.sudo().filtered(lambda client: client.company_id != company)
        obstacles = clients._psa_move_obstacles(company)
        if obstacles:
            shown = obstacles[:MAX_SHOWN]
            if len(obstacles) > MAX_SHOWN:
                shown.append(self.env._("… and %s more", len(obstacles) - MAX_SHOWN))
            raise UserError(self.env._("These clients cannot move yet:\n%s", '\n'.join(f'• {text}' for text in shown)))
        former = clients.company_id
        people = clients.with_context(active_test=False).search([('id', 'child_of', clients.ids)])
        clients._psa_move_partners(people, company, responsible)
        clients._psa_move_history(company, responsible)
        for client in clients:
            client._message_log(body=self.env._(
                "Moved from %(former)s to %(company)s by %(user)s. Posted invoices stay in the former books.",
                former=', '.join(former.mapped('name')), company=company.name, user=self.env.user.name))

    def _psa_move_obstacles(self, company):
        """Return what keeps these clients from moving, as sentences with the remedy. Extend it with what an addon knows."""
        obstacles = []
        people = self.with_context(active_test=False).search([('id', 'child_of', self.ids)])
        for client in self:
            if not client.psa_is_client or client.commercial_partner_id != client:
                obstacles.append(self.env._("%s is not a client. Choose the company it belongs to.", client.display_name))
            elif not client.company_id:
                obstacles.append(self.env._(
                    "%s is served by every company. Set its Company first, then it can be moved.", client.display_name))
        obstacles += [
            self.env._("%s is a service company itself.", itself.name)
            for itself in self.env['res.company'].sudo().search([('partner_id', 'in', people.ids)])
        ]
        staff = people.user_ids.filtered(lambda user: not user.share)
        if staff:
            obstacles.append(self.env._(
                "%s works for a service company. Take the person out of the client's contacts.", staff[:1].name))
        return [
            *obstacles,
            *self._psa_move_obstacles_of('account.move', 'commercial_partner_id', [('state', '=', 'draft')], self.env._(
                "%(client)s has %(count)s draft invoices. Post or delete them.")),
            *self._psa_move_obstacles_of('sale.order', 'partner_id.commercial_partner_id', [
                '|', ('state', 'in', ('draft', 'sent')), '&', ('state', '=', 'sale'), ('invoice_status', '=', 'to invoice'),
            ], self.env._("%(client)s has %(count)s open quotes or orders to invoice. Finish or cancel them.")),
            *self._psa_move_obstacles_of('psa.client.share', 'client_id', [
                ('state', 'in', ('offered', 'accepted', 'active')),
            ], self.env._("%(client)s is shared (%(count)s times). End or withdraw its shares.")),
        ]

    def _psa_move_obstacles_of(self, model, path, domain, text):
        """Return one sentence for each of these clients that has such records; none for a model that is not there."""
        if model not in self.env:
            return []
        records = self.env[model].sudo().search(Domain(path, 'in', self.ids) & Domain(domain))
        grouped = records.grouped(lambda record: record.mapped(path)[:1])
        return [
            text % {'client': client.display_name, 'count': len(found)} for client, found in grouped.items()
        ]

    def _psa_move_partners(self, people, company, responsible):
        """Move the clients with their people and addresses; give them responsible users and a class of the new company."""
        staff = company.user_ids
        classes = self._psa_move_classes(company)
        for client in self:
            client.write({
                'company_id': company.id,
                'psa_former_company_ids': [Command.link(client.company_id.id)],
                'psa_client_class_id': classes.get(client.psa_client_class_id, client.psa_client_class_id).id,
                **{
                    fname: responsible.id
                    for fname in ('psa_account_manager_id', 'psa_primary_technician_id')
                    if client[fname] and client[fname] not in staff
                },
            })
        (people - self).filtered(lambda person: person.company_id != company).write({'company_id': company.id})
        for client in self:
            # Their invoices may name a person or an address of the client.
            (people & client.with_context(active_test=False).search([('id', 'child_of', client.id)])).write({
                'psa_former_company_ids': [Command.link(former.id) for former in client.psa_former_company_ids]})

    def _psa_move_classes(self, company):
        """Return ``{class of the former company: class of that name in the new one}``, making those that are missing."""
        foreign = self.psa_client_class_id.filtered(lambda kind: kind.company_id and kind.company_id != company)
        known = {
            kind.name: kind
            for kind in self.env['psa.client.class'].sudo().search([('company_id', 'in', (company.id, False))])
        }
        return {
            kind: known.get(kind.name) or kind.copy({'company_id': company.id, 'name': kind.name}) for kind in foreign
        }

    def _psa_move_history(self, company, responsible):
        """Move what hangs on the clients and has a company of its own. Extend it; call ``super()`` first.

        The clients and their people are in the new company already; ``self`` has all rights.
        """
        leads = self.env['crm.lead'].sudo().with_context(active_test=False).search([('partner_id', 'child_of', self.ids)])
        for lead in leads:
            lead.write({
                'company_id': company.id,
                **({'user_id': responsible.id} if lead.user_id and lead.user_id not in company.user_ids else {}),
                **({'team_id': False} if lead.team_id.company_id not in (company, company.browse()) else {}),
            })

    def _psa_check_may_move(self):
        """Raise an error unless the current user may take these clients out of their companies."""
        user = self.env.user
        if user._psa_is_platform_admin():
            return
        for source in self.sudo().company_id:
            if source not in user.company_ids or not source._psa_is_one_man_company(user):
                raise AccessError(self.env._(
                    "%s has other people in it. You can take along only the clients of a company in which you work alone.",
                    source.name))
