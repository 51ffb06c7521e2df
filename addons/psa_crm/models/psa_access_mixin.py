from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import access


class PsaAccessMixin(models.AbstractModel):
    """What belongs to a client is seen and changed by whom the access rules, shares and defaults let.

    Recipe, for a model with ``client_id`` and ``company_id``:

    1. ``_inherit = [..., 'psa.access.mixin']`` and say which part of a client it is: ``_psa_access_part = access.DOCUMENTS``.
       A part that can be lent on its own is one bit, see ``core/access.py``.
    2. ``_psa_access_write_level = access.FULL`` if somebody who was lent the client to work on must not change it.
    3. Instead of the usual company rule two global rules::

           <field name="domain_force">[('psa_can_read', '=', True)]</field>      read only
           <field name="domain_force">[('psa_can_write', '=', True)]</field>     write, create and unlink

    4. An index on ``(client_id, …)`` in the order of its lists, and one on ``(company_id, …)``.
    5. Lines of such a record need no mixin: their rules say ``('document_id.psa_can_read', '=', True)`` and so on.
       ``_psa_access_lent = False`` keeps inside the company what is not to be lent with the client.

    Records without a client are seen by the members of the company. Own companies count while they are selected; what is lent
    counts always. People on the portal, the public and the system are not limited here: their own rules do that.
    Both fields are computed for single records and search by lists of ids; neither is ever stored.
    """

    _name = 'psa.access.mixin'
    _description = "Access by Client"

    _psa_access_part = access.CLIENT
    _psa_access_write_level = access.WORK
    _psa_access_client = 'client_id'
    _psa_access_lent = True

    psa_can_read = fields.Boolean(
        "Visible to Me", compute='_compute_psa_can_read', search='_search_psa_can_read', export_string_translation=False)
    psa_can_write = fields.Boolean(
        "Changeable by Me", compute='_compute_psa_can_write', search='_search_psa_can_write', export_string_translation=False)

    @api.depends(lambda self: self._psa_access_depends())
    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_psa_can_read(self):
        self._psa_compute_access('psa_can_read', access.READ)

    @api.depends(lambda self: self._psa_access_depends())
    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_psa_can_write(self):
        self._psa_compute_access('psa_can_write', self._psa_access_write_level)

    @api.model
    def _search_psa_can_read(self, operator, value):
        return self._psa_search_access(operator, value, access.READ)

    @api.model
    def _search_psa_can_write(self, operator, value):
        return self._psa_search_access(operator, value, self._psa_access_write_level)

    @api.model
    def _psa_access_depends(self):
        """Return the fields that the access to a record depends on."""
        return [name for name in (self._psa_access_client, 'company_id') if name in self._fields]

    def write(self, vals):
        result = super().write(vals)
        if not self.env.su and vals.keys() & {self._psa_access_client, 'company_id'}:
            # Odoo checks the record as it was: nobody gives a record to a client or company that he has no access to.
            self._psa_kept_in_reach().check_access('write')
        return result

    def _psa_kept_in_reach(self):
        """Return the records that nobody may move out of his own reach."""
        return self

    def _psa_compute_access(self, fname, level):
        effective = self.env['psa.access']._psa_effective()
        if effective is None:
            self[fname] = True
            return
        now = self.env['psa.access']._psa_now()
        # The rules are checked with full rights, which would let any company pass that a caller names as selected.
        selected = effective.companies & set(self.env.companies.ids)
        for record in self:
            record[fname] = record.sudo()._psa_access_level(effective, selected, now) >= level

    def _psa_access_level(self, effective, selected, now):
        """Return the level of the person for this record."""
        company_id = self.company_id.id
        client_id = self[self._psa_access_client]._origin.id
        own = self._psa_own_level(effective, company_id, client_id, now) if company_id in selected else access.REFUSE
        if not client_id or not self._psa_access_lent:
            return own
        return max(own, effective.lent_level(client_id, self._psa_access_part, now, apart_from=selected))

    def _psa_own_level(self, effective, company_id, client_id, now):
        """Return the level of a member of the company for this record."""
        # Without a client there is nothing to refuse: no item is an exception.
        if not client_id:
            return access.FULL
        return effective.level('client', company_id, client_id, self._psa_access_part, now)

    @api.model
    def _psa_search_access(self, operator, value, level):
        if operator != 'in':
            return NotImplemented
        wanted = {bool(item) for item in value}
        if len(wanted) != 1:
            return Domain.TRUE if wanted else Domain.FALSE
        domain = self._psa_access_domain(level)
        return domain if wanted.pop() else ~domain

    @api.model
    def _psa_access_domain(self, level):
        """Return the domain of the records for which the current user has the level."""
        effective = self.env['psa.access']._psa_effective()
        if effective is None:
            return Domain.TRUE
        now = self.env['psa.access']._psa_now()
        selected = effective.companies & set(self.env.companies.ids)
        unlimited, domains = [], []
        for company_id in sorted(selected):
            limits = self._psa_own_limits(effective, company_id, level, now)
            if limits:
                domains.append(Domain('company_id', '=', company_id) & Domain.AND(limits))
            else:
                unlimited.append(company_id)
        if unlimited:
            domains.append(Domain('company_id', 'in', unlimited))
        lent = effective.lent(self._psa_access_part, level, now, apart_from=selected)
        if lent.items and self._psa_access_lent:
            domains.append(self._psa_listing_domain(self._psa_access_client, lent))
            # Said once more for all, so that the database leaves out the other companies before it looks at clients.
            lenders = effective.lenders(self._psa_access_part, level, now) | selected
            return Domain('company_id', 'in', sorted(lenders)) & Domain.OR(domains)
        return Domain.OR(domains)

    @api.model
    def _psa_own_limits(self, effective, company_id, level, now):
        """Return the conditions under which a member of the company has the level; none if he always has it."""
        listing = effective.listing('client', company_id, self._psa_access_part, level, now)
        if listing.is_everything:
            return []
        return [self._psa_listing_domain(self._psa_access_client, listing, or_empty=True)]

    @api.model
    def _psa_listing_domain(self, fname, listing, or_empty=False):
        """Return the domain of records whose many2one is in a listing.

        The ids go to the database as one array: thousands of parameters would take longer than the query.
        """
        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, fname, query)
            if not listing.inverted:
                condition = SQL("%s = ANY(%s::int[])", column, listing.literal)
            else:
                condition = SQL("%s <> ALL(%s::int[])", column, listing.literal)
            return SQL("(%s IS NULL OR %s)", column, condition) if or_empty else condition

        def predicate(record):
            item = record[fname]._origin.id
            return item in listing if item else or_empty

        return Domain.custom(to_sql=to_sql, predicate=predicate)
