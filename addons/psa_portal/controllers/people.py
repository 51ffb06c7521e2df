from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.fields import Domain
from odoo.http import request

from ..core.person_form import LIMITS, ROLES, check_person
from ..models.res_partner import PersonRefused
from .list_page import ListPage

PEOPLE_PER_PAGE = 20
NOTICES = ("added", "saved", "archived", "restored", "invited")


class PeoplePortal(CustomerPortal):
    """A client's administrator maintains the people of his company."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "psa_people_count" in counters:
            is_admin = request.env.user.has_group("psa_crm.group_client_admin")
            client_sudo = request.env.user.partner_id.commercial_partner_id.sudo()
            values["psa_people_count"] = (
                client_sudo.search_count(client_sudo._portal_people_domain()) if is_admin else 0
            )
        return values

    def _people_client(self):
        """The client whose people the user maintains, without rules.

        :raise NotFound: for everybody else, as if there were no such page
        """
        user = request.env.user
        client_sudo = user.partner_id.commercial_partner_id.sudo()
        if not user.has_group("psa_crm.group_client_admin") or not client_sudo.psa_is_client:
            raise request.not_found()
        return client_sudo

    def _people_person(self, person_id, *, archived=False):
        """One of the client's people, without rules; anybody else's looks like nobody."""
        client_sudo = self._people_client()
        person_sudo = client_sudo.with_context(active_test=False).search(
            client_sudo._portal_people_domain() & Domain("id", "=", person_id) & Domain("active", "=", not archived)
        )
        if not person_sudo:
            raise request.not_found()
        return person_sudo.with_context(active_test=True)

    def _people_role_names(self):
        labels = dict(request.env["res.partner"]._fields["psa_portal_role"]._description_selection(self.env))
        return {role: labels[role] for role in ROLES}

    @http.route(["/my/people", "/my/people/page/<int:page>"], type="http", auth="user", website=True)
    def portal_my_people(self, page=1, notice=None, **asked):
        """The people of the company, with what they may do here."""
        client_sudo = self._people_client()
        listing = ListPage(
            "/my/people",
            asked,
            step=PEOPLE_PER_PAGE,
            filters={
                "all": {"label": self.env._("All"), "domain": Domain.TRUE},
                "access": {"label": self.env._("Can Sign In"), "domain": Domain("psa_portal_role", "!=", "none")},
                "none": {"label": self.env._("No Access"), "domain": Domain("psa_portal_role", "=", "none")},
                "archived": {"label": self.env._("Archived"), "domain": Domain("active", "=", False)},
            },
            inputs={"all": {"input": "all", "label": self.env._("Search in Name and E-mail")}},
        )
        domain = client_sudo._portal_people_domain() & listing.chosen_of("filterby")["domain"]
        if listing.search:
            domain &= Domain.OR(Domain(name, "ilike", listing.search) for name in ("name", "email", "function"))
        total = client_sudo.search_count(domain)
        people = client_sudo.search(domain, order="name, id", **listing.turn_to(page, total))
        values = self._prepare_portal_layout_values()
        values.update({
            **listing.values(),
            "page_name": "psa_people",
            "people": people,
            "people_total": total,
            "roles": self._people_role_names(),
            "notice": notice if notice in NOTICES else None,
        })
        return request.render("psa_portal.portal_my_people", values)

    def _people_values(self, person_sudo):
        """What the form of a person shows before anything is posted."""
        values = {name: person_sudo[name] or "" for name in LIMITS}
        return values | {"role": person_sudo.psa_portal_role, "site": str(person_sudo.psa_site_id.id or "")}

    def _people_form_page(self, person_sudo, post, errors):
        client_sudo = self._people_client()
        values = self._prepare_portal_layout_values()
        values.update({
            "page_name": "psa_person",
            "person": person_sudo,
            "post": post,
            "errors": errors,
            "limits": LIMITS,
            "roles": self._people_role_names(),
            "sites": client_sudo._portal_sites(),
            "is_self": person_sudo == request.env.user.partner_id,
        })
        return request.render("psa_portal.portal_person", values)

    def _people_errors(self, form):
        """The sentences that say what is wrong with the fields and what to do about it."""
        sentences = {
            "missing": self.env._("Please enter a name."),
            "invalid": self.env._("Please enter one e-mail address, such as zoe@example.com."),
            "needed": self.env._("Please enter an e-mail address: the invitation is sent there."),
            "unknown": self.env._("This choice is not offered any more. Please choose again."),
        }
        return {
            name: sentences.get(code) or self.env._("Please shorten this to %s characters.", LIMITS[name])
            for name, code in form.errors.items()
        }

    @http.route("/my/people/new", type="http", auth="user", website=True, methods=["GET", "POST"])
    def portal_new_person(self, **post):
        """Add a person."""
        client_sudo = self._people_client()
        nobody = client_sudo.browse()
        if request.httprequest.method != "POST":
            return self._people_form_page(nobody, {"role": "employee"}, {})
        form = check_person(post, sites=client_sudo._portal_sites().ids)
        errors = self._people_errors(form)
        if form.is_valid:
            try:
                with request.env.cr.savepoint():
                    client_sudo.with_user(request.env.user).sudo()._portal_add_person(form)
                return request.redirect("/my/people?notice=added")
            except PersonRefused as refused:
                errors = {"form": refused.args[0]}
        return self._people_form_page(nobody, post, errors)

    @http.route("/my/people/<int:person_id>", type="http", auth="user", website=True, methods=["GET", "POST"])
    def portal_person(self, person_id, **post):
        """Show a person, or change it."""
        person_sudo = self._people_person(person_id)
        if request.httprequest.method != "POST":
            return self._people_form_page(person_sudo, self._people_values(person_sudo), {})
        form = check_person(post, sites=self._people_client()._portal_sites().ids)
        errors = self._people_errors(form)
        if form.is_valid:
            try:
                with request.env.cr.savepoint():
                    person_sudo.with_user(request.env.user).sudo()._portal_edit_person(request.env.user, form)
                is_admin = request.env.user.has_group("psa_crm.group_client_admin")
                return request.redirect("/my/people?notice=saved" if is_admin else "/my")
            except PersonRefused as refused:
                errors = {"form": refused.args[0]}
        return self._people_form_page(person_sudo, post, errors)

    @http.route(
        "/my/people/<int:person_id>/<any(archive,restore,invite):decision>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_person_decide(self, person_id, decision, **post):
        """Archive a person, take him back, or send the invitation again."""
        person_sudo = self._people_person(person_id, archived=decision == "restore")
        person_sudo = person_sudo.with_user(request.env.user).sudo()
        try:
            with request.env.cr.savepoint():
                if decision == "archive":
                    person_sudo._portal_archive_person(request.env.user)
                elif decision == "restore":
                    person_sudo.action_unarchive()
                else:
                    person_sudo._portal_invite_again()
        except PersonRefused as refused:
            return self._people_form_page(person_sudo, self._people_values(person_sudo), {"form": refused.args[0]})
        notice = {"archive": "archived", "restore": "restored", "invite": "invited"}[decision]
        return request.redirect(f"/my/people?notice={notice}")
