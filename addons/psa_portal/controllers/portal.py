from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.psa_helpdesk.core import attachment_rules
from odoo.exceptions import AccessError, MissingError
from odoo.fields import Domain
from odoo.http import request

from ..core.ticket_form import (
    DESCRIPTION_MAX,
    FILES_MAX,
    OPEN_STATES,
    SUBJECT_MAX,
    Upload,
    check_form,
    may_close,
    may_reopen,
)
from .list_page import ListPage

TICKETS_PER_PAGE = 20
DEFAULT_MAX_UPLOAD_MB = 25


class TicketPortal(CustomerPortal):
    """The client's side of the help desk."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        for counter, states in (
            ("psa_ticket_count", OPEN_STATES),
            ("psa_ticket_waiting_count", ("waiting",)),
        ):
            if counter in counters:
                Ticket = request.env["psa.ticket"]
                values[counter] = (
                    Ticket.search_count([("state", "in", states)]) if Ticket.has_access("read") else 0
                )
        return values

    # ------------------------------------------------------------------
    # List
    # ------------------------------------------------------------------

    def _ticket_searchbar_sortings(self):
        return {
            "newest": {"label": self.env._("Newest"), "order": "id desc"},
            "oldest": {"label": self.env._("Oldest"), "order": "id"},
            "priority": {"label": self.env._("Priority"), "order": "priority_id, id desc"},
            "update": {"label": self.env._("Last Update"), "order": "write_date desc, id desc"},
        }

    def _ticket_searchbar_filters(self):
        return {
            "all": {"label": self.env._("All"), "domain": []},
            "open": {"label": self.env._("Open"), "domain": [("state", "in", OPEN_STATES)]},
            "waiting": {"label": self.env._("Waiting for Me"), "domain": [("state", "=", "waiting")]},
            "resolved": {"label": self.env._("Resolved"), "domain": [("state", "=", "resolved")]},
            "closed": {"label": self.env._("Closed"), "domain": [("state", "in", ("closed", "cancelled"))]},
        }

    def _ticket_searchbar_inputs(self):
        return {
            "all": {"input": "all", "label": self.env._("Search in All")},
            "number": {"input": "number", "label": self.env._("Search in Number")},
            "subject": {"input": "subject", "label": self.env._("Search in Subject")},
        }

    def _ticket_searchbar_groupby(self):
        return {
            "none": {"label": self.env._("None")},
            "status": {"label": self.env._("Status")},
        }

    def _ticket_search_domain(self, search_in, search):
        # Words of the conversation are found by their index, of which a client sees what is public; part of a word in the subject.
        fields_searched = {"number": ["number"], "subject": ["name"]}.get(
            search_in, ["number", "name", "search_text_all"]
        )
        return Domain.OR([Domain(name, "ilike", search)] for name in fields_searched)

    @http.route(["/my/tickets", "/my/tickets/page/<int:page>"], type="http", auth="user", website=True)
    def portal_my_tickets(self, page=1, **asked):
        """The tickets the user may read: his own, or his whole company's for an administrator."""
        listing = ListPage(
            "/my/tickets",
            asked,
            step=TICKETS_PER_PAGE,
            sortings=self._ticket_searchbar_sortings(),
            filters=self._ticket_searchbar_filters(),
            groupings=self._ticket_searchbar_groupby(),
            inputs=self._ticket_searchbar_inputs(),
        )
        domain = Domain(listing.chosen_of("filterby")["domain"])
        if listing.search:
            domain &= self._ticket_search_domain(listing["search_in"], listing.search)

        Ticket = request.env["psa.ticket"]
        count_by_desk = {desk.id: count for desk, count in Ticket._read_group(domain, ["desk_id"], ["__count"])}
        total = sum(count_by_desk.values())
        priority_label, priority_desks = Ticket._portal_list_attribute("priority_id", count_by_desk)
        if priority_desks and count_by_desk.keys() == priority_desks:
            listing.offered["sortby"]["priority"]["label"] = priority_label
        else:
            # The order would tell what a desk does not show.
            listing.withdraw("sortby", "priority")
        order = listing.chosen_of("sortby")["order"]
        if listing["groupby"] == "status":
            order = f"stage_id, {order}"
        tickets = Ticket.search(domain, order=order, **listing.turn_to(page, total))
        request.session["my_psa_tickets_history"] = tickets.ids[:100]
        # Read with the rules, shown without: the names of priorities and colleagues are not the
        # client's to read elsewhere.
        tickets_sudo = tickets.sudo()
        groups = [tickets_sudo]
        if listing["groupby"] == "status":
            groups = list(tickets_sudo.grouped("stage_id").values())

        values = self._prepare_portal_layout_values()
        values.update({
            **listing.values(),
            "page_name": "psa_tickets",
            "ticket_groups": groups if tickets else [],
            "ticket_total": total,
            "priority_label": priority_label,
            "priority_desks": priority_desks,
            "shows_requester": request.env.user.has_group("psa_crm.group_client_approver"),
        })
        return request.render("psa_portal.portal_my_tickets", values)

    # ------------------------------------------------------------------
    # One ticket
    # ------------------------------------------------------------------

    def _ticket_or_sign_in(self, ticket_id, access_token=None):
        """The ticket without rules once the rules, or its token, let the user in.

        :return: pair of the ticket and None; for a visitor who may not see it, None and the way to
            the sign-in
        :raise NotFound: for a user who may not see it: the same as if it did not exist
        """
        try:
            ticket_sudo = self._document_check_access("psa.ticket", ticket_id, access_token)
        except (AccessError, MissingError):
            if request.env.user._is_public():
                return None, request.redirect(f"/web/login?redirect=/my/tickets/{ticket_id}")
            raise request.not_found() from None
        if not request.env.user._is_public():
            # What is written from here on is written in the client's name.
            ticket_sudo = ticket_sudo.with_user(request.env.user).sudo()
        return ticket_sudo, None

    def _ticket_author(self, ticket_sudo):
        """Who speaks: the signed-in user; a visitor with the ticket's token speaks for its contact."""
        user = request.env.user
        return ticket_sudo.partner_id if user._is_public() else user.partner_id

    def _ticket_page_values(self, ticket_sudo, access_token, **kwargs):
        attachments = ticket_sudo._portal_attachments()
        attachments.generate_access_token()
        resolution = ticket_sudo._portal_resolution()
        values = {
            "page_name": "psa_ticket",
            "ticket": ticket_sudo,
            "attachments": attachments,
            "resolution": resolution,
            "max_file_mb": ticket_sudo._attachment_help(ticket_sudo.desk_id.id)[0],
            "shown_values": ticket_sudo._portal_shown_values(),
            "may_close": may_close(ticket_sudo.state),
            "may_reopen": may_reopen(ticket_sudo.state),
            "notice": kwargs.get("notice"),
        }
        return self._get_page_view_values(
            ticket_sudo, access_token, values, "my_psa_tickets_history", False, **kwargs
        )

    @http.route("/my/tickets/<int:ticket_id>", type="http", auth="public", website=True)
    def portal_my_ticket(self, ticket_id, access_token=None, **kwargs):
        """One ticket with its conversation."""
        ticket_sudo, sign_in = self._ticket_or_sign_in(ticket_id, access_token)
        if sign_in:
            return sign_in
        values = self._ticket_page_values(ticket_sudo, access_token, **kwargs)
        return request.render("psa_portal.portal_my_ticket", values)

    @http.route(
        "/my/tickets/<int:ticket_id>/<any(close,reopen):decision>",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_my_ticket_decide(self, ticket_id, decision, access_token=None, comment="", **kwargs):
        """The client declares the ticket solved, or opens it again."""
        ticket_sudo, sign_in = self._ticket_or_sign_in(ticket_id, access_token)
        if sign_in:
            return sign_in
        author = self._ticket_author(ticket_sudo)
        decide = ticket_sudo._portal_close if decision == "close" else ticket_sudo._portal_reopen
        done = decide(author, comment or "")
        query = f"notice={decision if done else 'changed'}"
        if access_token:
            query += f"&access_token={access_token}"
        return request.redirect(f"/my/tickets/{ticket_id}?{query}")

    # ------------------------------------------------------------------
    # New ticket
    # ------------------------------------------------------------------

    def _ticket_max_upload_mb(self):
        """How much the files of one request may weigh together, in megabytes."""
        value = request.env["ir.config_parameter"].sudo().get_param("psa_portal.max_upload_mb")
        return int(value) if value and value.isdigit() and int(value) else DEFAULT_MAX_UPLOAD_MB

    def _ticket_form_error(self, field, code, max_mb, labels):
        """The sentence that says what is wrong with a field and what to do about it."""
        if field in labels and code == "missing":
            return self.env._("Please choose: %s.", labels[field])
        if code == "mismatch":
            return self.env._(
                "This choice does not belong to what you chose as %s. Please choose again.", labels.get("category", "")
            )
        sentences = {
            ("subject", "missing"): self.env._(
                "Please give the ticket a subject: one line that says what it is about."
            ),
            ("subject", "too_long"): self.env._(
                "Please shorten the subject to %s characters and put the rest in the description.", SUBJECT_MAX
            ),
            ("description", "missing"): self.env._("Please describe what happened and what you expected."),
            ("description", "too_long"): self.env._(
                "Please shorten the description to %s characters, or attach the rest as a file.", DESCRIPTION_MAX
            ),
            ("attachments", "too_large"): self.env._(
                "The files are larger than %s MB together. Please choose fewer or smaller files.", max_mb
            ),
            ("attachments", "too_many"): self.env._("Please choose at most %s files.", FILES_MAX),
            ("attachments", "empty_file"): self.env._("One of the files is empty. Please choose the files again."),
        }
        return sentences.get((field, code)) or self.env._("This choice is not offered any more. Please choose again.")

    def _ticket_refused_file(self, desk_sudo, uploads):
        """The sentence about the first file that the desk does not take; nothing if it takes all."""
        limits = request.env["psa.desk"].sudo()._attachment_limits(desk_sudo.id)
        for upload in uploads:
            size = upload.seek(0, 2)
            upload.seek(0)
            reason = attachment_rules.refusal(upload.filename, size, upload.read(attachment_rules.HEAD_SIZE), limits)
            if reason:
                return request.env["ir.attachment"]._psa_refusal_text(reason, upload.filename, size, limits)
        return None

    def _ticket_form_values(self, desk_sudo, asked, post=None, errors=None):
        values = self._prepare_portal_layout_values()
        values.update({
            "page_name": "psa_ticket_new",
            "desk": desk_sudo,
            "asked_fields": asked,
            "post": post or {},
            "errors": errors or {},
            "max_upload_mb": self._ticket_max_upload_mb(),
            "max_file_mb": request.env["psa.ticket"]._attachment_help(desk_sudo.id)[0],
            "files_max": FILES_MAX,
            "subject_max": SUBJECT_MAX,
        })
        return values

    def _ticket_form_extended(self, desk_sudo, form):
        """The checked form with what else was asked on it; each thing that asks more adds its part."""
        return form

    def _ticket_form_context(self):
        """The desk that takes the user's tickets, and what it asks besides subject and description."""
        user = request.env.user
        company = user.partner_id.company_id or user.company_id
        Ticket = request.env["psa.ticket"].sudo()
        desk_sudo = Ticket._portal_desk(company)
        return desk_sudo, Ticket._portal_asked_fields(desk_sudo) if desk_sudo else []

    @http.route("/my/tickets/new", type="http", auth="user", methods=["GET"], website=True)
    def portal_new_ticket(self, **kwargs):
        """The empty form."""
        desk_sudo, asked = self._ticket_form_context()
        return request.render("psa_portal.portal_ticket_new", self._ticket_form_values(desk_sudo, asked))

    @http.route("/my/tickets/new", type="http", auth="user", methods=["POST"], website=True)
    def portal_new_ticket_submit(self, **post):
        """Make a ticket of the form, or show it again with what is wrong."""
        desk_sudo, asked = self._ticket_form_context()
        if not desk_sudo:
            return request.render("psa_portal.portal_ticket_new", self._ticket_form_values(desk_sudo, asked, post))
        max_mb = self._ticket_max_upload_mb()
        files = [upload for upload in request.httprequest.files.getlist("attachments") if upload.filename]
        form = check_form(
            post,
            offered={question["attribute"]: set(question["options"].ids) for question in asked},
            required={question["attribute"] for question in asked if question["is_required"]},
            parents={
                option.id: option.parent_id.id
                for question in asked if question["attribute"] == "subcategory"
                for option in question["options"]
            },
            uploads=[Upload(upload.filename, upload.seek(0, 2)) for upload in files],
            max_bytes=max_mb * 1024 * 1024,
        )
        form = self._ticket_form_extended(desk_sudo, form)
        refused = "attachments" not in form.errors and self._ticket_refused_file(desk_sudo, files)
        if refused or not form.is_valid:
            labels = {question["attribute"]: question["label"] for question in asked}
            errors = {name: self._ticket_form_error(name, code, max_mb, labels) for name, code in form.errors.items()}
            if refused:
                errors["attachments"] = refused
            elif files and "attachments" not in errors:
                errors["attachments"] = self.env._("Please choose the files again: a browser does not keep them.")
            return request.render(
                "psa_portal.portal_ticket_new", self._ticket_form_values(desk_sudo, asked, post, errors)
            )
        contents = []
        for upload in files:
            upload.seek(0)
            contents.append((upload.filename, upload.read()))
        ticket_sudo = request.env["psa.ticket"].sudo()._portal_create(request.env.user, desk_sudo, form, contents)
        return request.redirect(f"/my/tickets/{ticket_sudo.id}?notice=created")
