from odoo import http
from odoo.http import request


class Notification(http.Controller):
    """The link at the end of a notification. Looking at the page changes nothing: mail scanners follow every link.

    Mail programs that offer to unsubscribe send the POST by themselves (RFC 8058), so it asks for no token of a session; the
    link itself proves that its mail was ours.
    """

    @http.route(
        "/psa/notification/<int:row_id>/<string:token>/unsubscribe", type="http", auth="public", methods=["GET"], sitemap=False
    )
    def unsubscribe_page(self, row_id, token, **kwargs):
        """Ask whether these notifications are to stop."""
        return self._render(request.env["psa.notification"]._find_by_token(row_id, token))

    @http.route(
        "/psa/notification/<int:row_id>/<string:token>/unsubscribe", type="http", auth="public", methods=["POST"], sitemap=False,
        csrf=False, save_session=False,
    )
    def unsubscribe(self, row_id, token, **kwargs):
        """Stop these notifications at the address the mail went to."""
        row = request.env["psa.notification"]._find_by_token(row_id, token)
        if row and not row._is_unsubscribed():
            row._unsubscribe()
        return self._render(row)

    def _render(self, row):
        lang = row._lang() if row else request.env.lang
        row = row.with_context(lang=lang)
        response = request.render("psa_helpdesk.notification_unsubscribe_page", {
            "event": row.event_id.name if row else "",
            "target": (row.target or "") if row else "",
            "standing": "unknown" if not row else "done" if row._is_unsubscribed() else "open",
            "is_staff": bool(row.user_id) if row else False,
        }, status=200 if row else 404)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response
