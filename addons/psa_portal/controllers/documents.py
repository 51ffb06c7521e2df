from odoo import fields, http
from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.psa_crm.controllers.document import serve
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import human_size

from .list_page import ListPage

DOCUMENTS_PER_PAGE = 20


class DocumentPortal(CustomerPortal):
    """The documents of a client, as far as they are shown on the portal."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "psa_document_count" in counters:
            values["psa_document_count"] = self._documents_count(self._document_domain("valid"))
        return values

    def _documents_count(self, domain):
        Document = request.env["psa.document"]
        return Document.search_count(domain) if Document.has_access("read") else 0

    def _document_domain(self, filterby):
        today = fields.Date.context_today(request.env.user)
        over = Domain("date_end", "<", today)
        return {"valid": ~over, "expired": over}.get(filterby, Domain.TRUE)

    def _document_searchbar_sortings(self):
        return {
            "name": {"label": self.env._("Name"), "order": "name, id"},
            "newest": {"label": self.env._("Newest"), "order": "id desc"},
            "end": {"label": self.env._("Valid Until"), "order": "date_end, id"},
        }

    def _document_searchbar_filters(self):
        return {
            "valid": {"label": self.env._("Valid")},
            "expired": {"label": self.env._("Expired")},
            "all": {"label": self.env._("All")},
        }

    def _document_searchbar_groupby(self):
        return {
            "none": {"label": self.env._("None")},
            "type": {"label": self.env._("Type")},
        }

    @http.route(["/my/documents", "/my/documents/page/<int:page>"], type="http", auth="user", website=True)
    def portal_my_documents(self, page=1, **asked):
        """The documents the user may read: those of his client and those for the people of all clients."""
        listing = ListPage(
            "/my/documents",
            asked,
            step=DOCUMENTS_PER_PAGE,
            sortings=self._document_searchbar_sortings(),
            filters=self._document_searchbar_filters(),
            groupings=self._document_searchbar_groupby(),
            inputs={"all": {"input": "all", "label": self.env._("Search in Name and Description")}},
        )
        domain = self._document_domain(listing["filterby"])
        if listing.search:
            domain &= Domain("name", "ilike", listing.search) | Domain("description", "ilike", listing.search)
        order = listing.chosen_of("sortby")["order"]
        if listing["groupby"] == "type":
            order = f"type_id, {order}"

        total = self._documents_count(domain)
        shown = listing.turn_to(page, total)
        documents = request.env["psa.document"]
        if total:
            documents = documents.search(domain, order=order, **shown)
        # Read with the rules, shown without: types and versions are not the client's to read elsewhere.
        documents_sudo = documents.sudo()
        groups = [documents_sudo]
        if listing["groupby"] == "type":
            groups = list(documents_sudo.grouped("type_id").values())

        values = self._prepare_portal_layout_values()
        values.update({
            **listing.values(),
            "page_name": "psa_documents",
            "document_groups": groups if documents else [],
            "document_total": total,
            "human_size": human_size,
        })
        return request.render("psa_portal.portal_my_documents", values)

    @http.route("/my/documents/<int:document_id>/download", type="http", auth="user", methods=["GET"], website=True)
    def portal_my_document_download(self, document_id, **kwargs):
        """The current version of a document; older ones are for staff only.

        A document the user may not see looks like one that does not exist.
        """
        document = request.env["psa.document"].browse(document_id).exists()
        if not document or not document.has_access("read") or not document.sudo().current_version_id:
            raise request.not_found()
        return serve(document, document.sudo().current_version_id, "portal", as_attachment=True)
