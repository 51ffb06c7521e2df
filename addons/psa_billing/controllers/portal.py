from odoo import http
from odoo.addons.account.controllers.portal import PortalAccount
from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.http import request

ROWS_PER_PAGE = 40


class BillingPortal(PortalAccount):
    """What a client reads of prices and prepaid hours: his administrators and approvers, nobody else."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "psa_hours_count" in counters:
            client = request.env.user._psa_billed_client()
            values["psa_hours_count"] = client._psa_portal_hours_count() if client else 0
        return values

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        # Who only has the link of the mail sees the invoice, and no more.
        values["psa_explained_lines"] = invoice._psa_portal_explained_lines(request.env.user)
        return values

    def _hours_periods(self):
        return {
            "month": {"label": self.env._("This Month"), "months": 0},
            "quarter": {"label": self.env._("3 Months"), "months": 2},
            "year": {"label": self.env._("12 Months"), "months": 11},
            "all": {"label": self.env._("All"), "months": None},
        }

    @http.route(["/my/hours", "/my/hours/page/<int:page>"], type="http", auth="user", website=True)
    def portal_my_hours(self, page=1, filterby=None, **kwargs):
        """What is left of included and prepaid hours, and the work they paid for."""
        client = request.env.user._psa_billed_client()
        if not client:
            raise request.not_found()
        periods = self._hours_periods()
        filterby = filterby if filterby in periods else "quarter"
        domain = client._psa_covered_domain(periods[filterby]["months"])
        Item = request.env["psa.billing.item"].sudo()
        ((total, seconds),) = Item._read_group(domain, [], ["__count", "seconds:sum"])
        pager = portal_pager(
            url="/my/hours", url_args={"filterby": filterby}, total=total, page=page, step=ROWS_PER_PAGE
        )
        items = Item.search(domain, limit=ROWS_PER_PAGE, offset=max(pager["offset"], 0))
        values = self._prepare_portal_layout_values()
        values.update(
            {
                "page_name": "psa_hours",
                "default_url": "/my/hours",
                "balances": client._psa_prepaid_balances(),
                "rows": items._psa_portal_rows(),
                "row_total": total,
                "hours": Item._time_text(seconds or 0),
                "time_text": lambda hours: Item._time_text(round(hours * 3600)),
                "searchbar_filters": periods,
                "filterby": filterby,
                "pager": pager,
            }
        )
        return request.render("psa_billing.portal_my_hours", values)
