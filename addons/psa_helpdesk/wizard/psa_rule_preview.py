from datetime import datetime, timezone

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import plaintext2html

from ..core.rules import Firing


class PsaRulePreview(models.TransientModel):
    """What a rule would do on a real ticket, without doing it, and what people would read in which language."""

    _name = "psa.rule.preview"
    _description = "Preview of a Rule"

    rule_id = fields.Many2one("psa.rule", required=True, readonly=True)
    company_id = fields.Many2one(related="rule_id.company_id")
    desk_id = fields.Many2one(related="rule_id.desk_id")
    ticket_id = fields.Many2one(
        "psa.ticket", domain="[('company_id', '=', company_id), ('desk_id', '=?', desk_id)]", help="Any ticket; nothing is changed or sent."
    )
    lang = fields.Selection(lambda self: self.env["res.lang"].get_installed(), "Language", help="Empty: that of each reader.")
    result = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends("rule_id", "ticket_id", "lang")
    def _compute_result(self):
        for preview in self:
            preview.result = preview._result() if preview.ticket_id else False

    def _result(self):
        """Return what each action would do, one below the other."""
        # The preview shows no more than who looks at it may see.
        ticket = self.ticket_id
        ticket.check_access("read")
        rule = self.rule_id
        firing = Firing(
            rule.id, rule.event, dict(rule._fields["event"]._description_selection(self.env))[rule.event], datetime.now(timezone.utc)
        )
        parts = []
        for action in rule.action_ids:
            outcomes = action._describe(ticket.sudo(), firing)[ticket.id]
            lines = Markup("").join(
                Markup('<div class="%s">%s</div>') % (
                    "text-danger" if outcome.error else "", f"{outcome.text}: {outcome.error}" if outcome.error else outcome.text,
                )
                for outcome in outcomes
            )
            parts.append(Markup('<li class="mb-3"><div class="fw-bold">%s</div>%s</li>') % (lines, self._text(action, ticket, firing)))
        return Markup("<ol>%s</ol>") % Markup("").join(parts) if parts else Markup("<p>%s</p>") % self.env._("The rule has no actions yet.")

    def _text(self, action, ticket, firing):
        """Return what people would read."""
        box = Markup('<div class="border rounded p-3 mt-2 bg-view">%s</div>')
        if action.kind in ("notify", "reply") and action.template_id:
            lang = self.lang or ticket._psa_client_lang()
            template = action.template_id.sudo().with_context(lang=lang)
            try:
                template._psa_check_may_render()
                subject = template._render_field("subject", ticket.ids, set_lang=lang)[ticket.id]
                body = template._render_field("body_html", ticket.ids, set_lang=lang, options={"post_process": True})[ticket.id]
            except Exception as error:  # a broken template is what a preview is there to show
                return Markup('<div class="text-danger">%s</div>') % str(error)
            return box % (Markup("<div><strong>%s</strong></div>%s") % (subject, body))
        if action.body and action.kind in ("notify", "note", "reply", "activity"):
            return box % plaintext2html(action._text(ticket.sudo(), firing, self.lang or None))
        return Markup("")
