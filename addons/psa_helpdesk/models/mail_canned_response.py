from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..core import placeholders
from .psa_desk_admin import ADMINISTRATOR

MANAGED_SCOPES = ("desk", "company")


class MailCannedResponse(models.Model):
    """Answers kept for tickets: for oneself, a desk or the company, in the client's language, with placeholders.

    Without ``psa_scope`` it is a canned response of Odoo and behaves as such.
    """

    _inherit = "mail.canned.response"

    _psa_scope_idx = models.Index("(company_id, psa_desk_id) WHERE psa_scope IS NOT NULL")

    psa_scope = fields.Selection(
        [("personal", "Only me"), ("desk", "A desk"), ("company", "The whole company")], "For Tickets Of",
        help="Who is offered the response in the composer of a ticket. Empty: an ordinary canned response of Discuss.",
    )
    psa_desk_id = fields.Many2one(
        "psa.desk", "Desk", index="btree_not_null", ondelete="cascade",
        help="The response is offered on tickets of this desk, and the desk's administrators keep it.",
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, readonly=False, precompute=True, index="btree_not_null",
        help="The service company that shares the response; empty for personal ones.",
    )
    psa_text_ids = fields.One2many(
        "psa.canned.response.text", "response_id", "Other Languages", copy=True,
        help="The text in other languages. The client's language decides which one is used.",
    )
    psa_preview_ticket_id = fields.Many2one(
        "psa.ticket", "Preview on Ticket", store=False, help="A ticket to see what the text becomes there."
    )
    psa_preview = fields.Text("Preview", compute="_compute_psa_preview")
    psa_placeholders = fields.Char("Placeholders", compute="_compute_psa_placeholders")

    @api.depends("psa_scope", "psa_desk_id")
    def _compute_company_id(self):
        for response in self:
            if response.psa_scope == "desk":
                response.company_id = response.psa_desk_id.company_id
            elif response.psa_scope == "company":
                response.company_id = response.company_id or self.env.company
            else:
                response.company_id = False

    @api.depends("substitution", "psa_text_ids.body", "psa_text_ids.lang", "psa_preview_ticket_id")
    def _compute_psa_preview(self):
        for response in self:
            ticket = response.psa_preview_ticket_id
            response.psa_preview = response._psa_render(ticket) if ticket and ticket.has_access("read") else False

    def _compute_psa_placeholders(self):
        self.psa_placeholders = " ".join(f"{{{{{name}}}}}" for name in placeholders.NAMES)

    @api.constrains("psa_scope", "psa_desk_id")
    def _check_psa_desk(self):
        for response in self:
            if (response.psa_scope == "desk") != bool(response.psa_desk_id):
                raise ValidationError(self.env._(
                    "“%s” is for a desk or it is not: choose the Desk, or change For Tickets Of.", response.source,
                ))

    @api.constrains("psa_scope", "substitution")
    def _check_psa_placeholders(self):
        for response in self.filtered("psa_scope"):
            response._psa_refuse_faults(response.substitution, response._fields["substitution"])

    @api.model_create_multi
    def create(self, vals_list):
        responses = super().create(vals_list)
        responses.check_access("create")
        return responses

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"psa_scope", "psa_desk_id", "company_id"}:
            # Odoo checks the response as it was: nobody hands his own to a desk that is not his.
            self.check_access("write")
        return result

    def _check_access(self, operation):
        refusal = super()._check_access(operation)
        if refusal or operation == "read" or self.env.su or not self._ids:
            return refusal
        managed = self.sudo().filtered(lambda response: response.psa_scope in MANAGED_SCOPES)
        forbidden = managed.filtered(lambda response: not response._psa_is_managed_by_me()).with_env(self.env)
        if not forbidden:
            return None
        return forbidden, lambda: AccessError(self.env._(
            "Canned responses of a desk are kept by its administrators, those of the company by company administrators. "
            "Set For Tickets Of to “Only me” to keep one for yourself.",
        ))

    def _psa_is_managed_by_me(self):
        """Return whether the current user keeps this shared response; called with full rights."""
        user = self.env.user
        if self.company_id in user.company_ids and user.has_group(ADMINISTRATOR):
            return True
        return self.psa_scope == "desk" and user in self.psa_desk_id.admin_ids

    def _psa_refuse_faults(self, text, field):
        """Raise an error that names the field and what in its text cannot be filled in."""
        found = placeholders.faults(text)
        if found:
            raise ValidationError(self.env._(
                "%(field)s of “%(name)s” has placeholders that do not exist: %(wrong)s. These do: %(known)s",
                field=field.get_description(self.env)["string"], name=self.source, wrong=", ".join(found),
                known=", ".join(f"{{{{{name}}}}}" for name in placeholders.NAMES),
            ))

    def _psa_render(self, ticket):
        """Return the text for a ticket, in the client's language and filled in."""
        self.ensure_one()
        if not self.psa_scope:
            return self.substitution
        texts = {text.lang: text.body for text in self.sudo().psa_text_ids}
        text = placeholders.pick_language(ticket._psa_client_lang(), texts, self.substitution)
        return placeholders.fill(text, ticket._psa_placeholder_values())
