from odoo import http
from odoo.http import request

from ..core import satisfaction


class TicketRating(http.Controller):
    """The page behind the faces of a rating mail. Looking at it answers nothing: mail scanners follow every link."""

    @http.route("/ticket/rate/<string:token>/<int:grade>", type="http", auth="public", methods=["GET"], sitemap=False)
    def rating_page(self, token, grade, **kwargs):
        """Show the faces, the one chosen in the mail marked, and room for a comment."""
        asked = request.env["psa.rating.request"]._find(token)
        return self._render(asked, token, grade=grade if grade in satisfaction.GRADES else None)

    @http.route("/ticket/rate/<string:token>", type="http", auth="public", methods=["POST"], sitemap=False)
    def rating_submit(self, token, grade=None, comment="", **kwargs):
        """Take the answer, once."""
        asked = request.env["psa.rating.request"]._find(token)
        grade = int(grade) if grade in {str(grade) for grade in satisfaction.GRADES} else None
        if not asked or request.env.user._is_internal() or asked._standing() != satisfaction.OPEN:
            return self._render(asked, token)
        if grade is None:
            return self._render(asked, token, comment=comment, is_missing=True)
        taken = asked._answer(grade, comment)
        return self._render(asked, token, grade=grade, is_thanked=taken)

    def _render(self, asked, token, grade=None, comment="", **values):
        """Return the page for a request in its contact's language; it is neither kept nor told to the pages it links to."""
        lang = asked.partner_id.lang or request.env.lang
        asked = asked.with_context(lang=lang)
        standing = asked._standing() if asked else "unknown"
        if request.env.user._is_internal():
            standing = "staff"
        elif values.get("is_thanked"):
            standing = "thanks"
        response = request.render("psa_helpdesk.rating_page", {
            "asked": asked,
            "ticket": asked.ticket_id,
            "company": asked.company_id,
            "standing": standing,
            "token": token,
            "grade": grade,
            "comment": comment[:satisfaction.COMMENT_MAX],
            "comment_max": satisfaction.COMMENT_MAX,
            "is_missing": values.get("is_missing"),
            "faces": [
                (satisfaction.HAPPY, request.env(context={"lang": lang})._("Happy")),
                (satisfaction.NEUTRAL, request.env(context={"lang": lang})._("Neutral")),
                (satisfaction.UNHAPPY, request.env(context={"lang": lang})._("Unhappy")),
            ],
        }, status=404 if standing == "unknown" else 200)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response
