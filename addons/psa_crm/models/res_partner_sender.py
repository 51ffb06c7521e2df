from odoo import api, models

from ..core import mail_domain


class ResPartner(models.Model):
    _inherit = 'res.partner'

    @api.model
    def _psa_match_sender(self, addresses, company):
        """Find who wrote and for which client, for many senders in a constant number of queries.

        The exact address of a client's contact wins over the mail domain. Among contacts with the same address: of a
        client still served before a former one, of the given company before shared ones, a person before a company,
        the newest. Nothing is created. The search has full rights, since mail arrives without a user; it limits itself
        to the given company and to what all companies share.

        :param addresses: iterable of mail addresses, with or without display name
        :param company: the service company (`res.company`) that got the mail
        :return: ``{address as given: (contact, client)}``; contact and client are empty when not found
        """
        nobody = self.sudo().browse()
        normalized = {address: mail_domain.normalize_address(address) for address in addresses}
        contacts = self._psa_contacts_by_address({address for address in normalized.values() if address}, company)
        clients = self._psa_clients_by_mail_domain({
            mail_domain.address_domain(address)
            for address in normalized.values() if address and address not in contacts
        }, company)

        senders = {}
        for given, address in normalized.items():
            if address in contacts:
                contact = contacts[address]
                senders[given] = (contact, contact.commercial_partner_id)
            else:
                domain = mail_domain.address_domain(address) if address else None
                senders[given] = (nobody, clients.get(domain, nobody))
        return senders

    @api.model
    def _psa_contacts_by_address(self, addresses, company):
        """Return ``{normalised address: contact of a client}``."""
        by_spelling = {
            spelling: address
            for address in addresses for spelling in mail_domain.address_spellings(address)
        }
        if not by_spelling:
            return {}
        companies = [company.id, False]
        # Found and read in one query: the gateway needs the contact's other fields right after.
        contacts = self.sudo().search_fetch([
            ('email_normalized', 'in', list(by_spelling)),
            ('active', '=', True),
            ('company_id', 'in', companies),
            ('commercial_partner_id', 'any', self._psa_served_client_domain(company)),
        ], order='id')
        ranked = contacts.sorted(lambda contact: (
            contact.commercial_partner_id.psa_client_status != 'former',
            bool(contact.company_id),
            not contact.is_company,
            contact.id,
        ))
        # Later ones overwrite earlier ones: the best is last.
        return {by_spelling[contact.email_normalized]: contact for contact in ranked}

    @api.model
    def _psa_clients_by_mail_domain(self, domains, company):
        """Return ``{mail domain: client}`` by the most specific domain that a client has."""
        names = {suffix for domain in domains for suffix in mail_domain.suffixes(domain)}
        if not names:
            return {}
        entries = self.env['psa.mail.domain'].sudo().search([
            ('name', 'in', list(names)),
            ('company_id', 'in', [company.id, False]),
            ('partner_id', 'any', self._psa_served_client_domain(company)),
        ])
        # A domain entered for the company wins over one that counts for every company.
        client_by_name = {
            entry.name: entry.partner_id
            for entry in entries.sorted(lambda entry: bool(entry.company_id))
        }
        matches = {domain: mail_domain.best_match(domain, client_by_name) for domain in domains}
        return {domain: client_by_name[name] for domain, name in matches.items() if name}

    @api.model
    def _psa_served_client_domain(self, company):
        """Return the domain of the clients that a service company has, its own and shared ones."""
        return [('psa_is_client', '=', True), ('active', '=', True), ('company_id', 'in', [company.id, False])]
