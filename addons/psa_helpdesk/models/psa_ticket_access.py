from odoo import api, fields, models
from odoo.addons.psa_crm.core import access
from odoo.exceptions import ValidationError


class PsaTicket(models.Model):
    """Who sees and changes a ticket: inside the company whom both its client and its desk let, elsewhere whom it is lent to."""

    _name = "psa.ticket"
    _inherit = ["psa.ticket", "psa.access.mixin"]

    _psa_access_part = access.TICKETS

    # Counting what is open of few clients or desks, and of all but few, without looking at the tickets themselves.
    _access_idx = models.Index("(company_id, state, client_id, desk_id) WHERE active IS TRUE")

    @api.model
    def default_get(self, fields_list):
        """Start a ticket for a client of another company, who is lent to the user, at a desk of that company."""
        values = super().default_get(fields_list)
        asker = self.env["res.partner"].browse(values.get("partner_id") or values.get("client_id") or ())
        if asker and "desk_id" in fields_list and not self.env.context.get("default_desk_id"):
            values["desk_id"] = self._psa_desk_id_for(asker, values.get("desk_id"))
        return values

    @api.onchange("partner_id", "client_id")
    def _onchange_asker(self):
        for ticket in self:
            asker = ticket.partner_id or ticket.client_id
            if asker and not ticket._origin:
                ticket.desk_id = self.env["psa.desk"].browse(
                    ticket._psa_desk_id_for(asker, ticket.desk_id._origin.id) or ())

    @api.model
    def _psa_desk_id_for(self, asker, desk_id):
        """Return the desk a ticket of ``asker`` starts at: ``desk_id``, unless he is a client of another company."""
        company = asker.sudo().company_id or asker.sudo().commercial_partner_id.company_id
        desk = self.env["psa.desk"]._settings_by_desk().get(desk_id)
        if not company or (desk and desk["company_id"] == company.id):
            return desk_id
        return self.env["psa.desk"]._default_id(company.id) or desk_id

    def _complete_create_vals(self, vals_list):
        if not self.env.context.get("default_desk_id"):
            for vals in vals_list:
                asker_id = vals.get("partner_id") or vals.get("client_id")
                if asker_id and not vals.get("desk_id"):
                    desk_id = self._psa_desk_id_for(self.env["res.partner"].browse(asker_id), self._default_desk_id())
                    if desk_id:
                        vals["desk_id"] = desk_id
        return super()._complete_create_vals(vals_list)

    def _compute_assignable_user_ids(self):
        result = super()._compute_assignable_user_ids()
        borrowers = self._psa_borrowers(self.client_id)
        for ticket in self:
            # Who serves the client himself need not know to whom it is lent.
            borrower = borrowers.get(ticket.client_id._origin.id, self.env["res.users"])
            ticket.assignable_user_ids |= borrower._filtered_access("read")
        return result

    @api.constrains("desk_id", "client_id")
    def _check_client_company(self):
        # Else whom the client is lent to could move its tickets to a desk of his own company.
        for ticket in self.sudo():
            company = ticket.client_id.company_id
            if company and company != ticket.company_id:
                raise ValidationError(self.env._(
                    "%(client)s is a client of another company than desk “%(desk)s”. Choose a desk of the client's company.",
                    client=ticket.client_id.name, desk=ticket.desk_id.name,
                ))

    @api.constrains("user_id", "desk_id", "client_id")
    def _check_user_id(self):
        assigned = self.filtered("user_id")
        strangers = assigned.filtered(lambda ticket: ticket.company_id not in ticket.user_id.sudo().company_ids)
        borrowers = self._psa_borrowers(strangers.client_id)
        for ticket in strangers:
            if ticket.user_id not in borrowers.get(ticket.client_id.id, self.env["res.users"]):
                raise ValidationError(self.env._(
                    "%(user)s belongs to another company than ticket “%(ticket)s”, and its client is not shared with him to work on. "
                    "Choose somebody else in Assigned to, or share the client first.",
                    user=ticket.user_id.sudo().name, ticket=ticket.display_name,
                ))

    @api.model
    def _psa_borrowers(self, clients):
        """Return {client id: users to whom its tickets are lent to work on}, in one query."""
        if not clients:
            return {}
        now = fields.Datetime.now()
        rows = self.env["psa.access"].sudo().search_fetch([
            ("client_id", "in", clients._origin.ids), ("share_id", "!=", False), ("level", ">=", access.WORK),
            "|", ("date_from", "=", False), ("date_from", "<=", now), "|", ("date_to", "=", False), ("date_to", ">", now),
        ], ["client_id", "user_id", "scope"])
        borrowers = {}
        for row in rows:
            if row.scope & access.TICKETS:
                users = borrowers.get(row.client_id.id, self.env["res.users"])
                borrowers[row.client_id.id] = users | row.user_id.sudo(False)
        return borrowers

    @api.model
    def _psa_access_depends(self):
        return [*super()._psa_access_depends(), "desk_id"]

    def _psa_own_level(self, effective, company_id, client_id, now):
        level = super()._psa_own_level(effective, company_id, client_id, now)
        # A list need not show the desk: it is read only where desks differ.
        desk_id = self.desk_id._origin.id if effective.has_exceptions("desk", company_id, now) else None
        return min(level, effective.level("desk", company_id, desk_id, access.TICKETS, now))

    @api.model
    def _psa_own_limits(self, effective, company_id, level, now):
        limits = super()._psa_own_limits(effective, company_id, level, now)
        desks = effective.listing("desk", company_id, access.TICKETS, level, now)
        if not desks.is_everything:
            limits = [*limits, self._psa_listing_domain("desk_id", desks)]
        return limits

    def _psa_explain(self, users):
        explained = super()._psa_explain(users)
        members = users.filtered(lambda user: self.company_id in user.company_ids)
        reasons = self.env["psa.access"]._psa_reasons(members, "desk", self.company_id, self.desk_id.id, access.TICKETS)
        for user, of_desk in reasons.items():
            of_client = explained[user][1]
            if of_client[0].kind == "share":
                continue  # what is lent is worked without the desk
            # The stricter of the two decides, so it is named first; the other only if it limits too.
            ordered = sorted([*of_client, of_desk], key=lambda reason: reason.level)
            explained[user] = (ordered[0].level, [
                reason for reason in ordered if reason is ordered[0] or reason.level < access.FULL
            ])
        return explained
