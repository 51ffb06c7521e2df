from odoo import api, fields, models

NAMES = ("psa_released_by", "psa_released_at_sign_off")


class PsaCompanyProfile(models.TransientModel):
    """The owner says who looks at ledger rows before they are invoiced."""

    _inherit = "psa.company.profile"

    psa_released_by = fields.Selection(
        lambda self: self.env["res.company"]._fields["psa_released_by"]._description_selection(self.env),
        "Rows Are Released By",
        default="billing",
        required=True,
        help="Billing: members of the group “PSA / Billing”. Otherwise also the one responsible for the contract (or client), for "
        "the queue or desk of the ticket, or for the project.",
    )
    psa_released_at_sign_off = fields.Boolean(
        "Release with the Time", help="Approved time that could be priced is released at once, without a review."
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        company = self.env.company.sudo()
        values.update({name: company[name] for name in NAMES if name in fields_list})
        return values

    def action_save(self):
        result = super().action_save()  # which made sure that he owns the company
        company = self.company_id.sudo()
        changes = {name: self[name] for name in NAMES if self[name] != company[name]}
        if changes:
            company.write(changes)
        return result
