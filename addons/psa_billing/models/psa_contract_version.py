from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import format_date


class PsaContractVersion(models.Model):
    """The terms of a contract from a day on, until its next version starts.

    A version that has priced work which was released or invoiced is history: it does not change any more, the next one
    does ("New Version").
    """

    _name = "psa.contract.version"
    _description = "Contract Terms"
    _order = "contract_id, date_from, id"
    _rec_name = "date_from"
    _check_company_auto = True

    _contract_day_uniq = models.UniqueIndex(
        "(contract_id, date_from)",
        "The contract already has terms that start on this day. Change those, or choose another day.",
    )

    contract_id = fields.Many2one("psa.contract", index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    date_from = fields.Date(
        "In Force From", required=True, default=fields.Date.context_today, copy=False
    )
    date_to = fields.Date(
        "Until", compute="_compute_date_to", help="The day before the next version starts; empty for the last one."
    )
    rounding = fields.Selection(
        [
            ("work_type", "As the work type says"),
            ("contract", "As this contract says"),
            ("none", "Not at all"),
        ],
        default="work_type",
        required=True,
        help="How worked time becomes charged time.",
    )
    minimum_minutes = fields.Integer("Minimum", help="The shortest time charged for an entry, in minutes.")
    increment_minutes = fields.Integer("Rounded up to", help="Time is rounded up to a multiple of this many minutes.")
    multiplier_policy = fields.Selection(
        [("compound", "Multiply them"), ("highest", "Take the highest")],
        "Multipliers",
        default="compound",
        required=True,
        help="If work type and role both weigh more than plain work: 1.5 and 2 make 3, or the higher one counts.",
    )
    is_overage_multiplied = fields.Boolean(
        "Multiply Overage", help="The multipliers count for hours over the prepaid ones, too."
    )
    rate_ids = fields.One2many("psa.contract.rate", "version_id", "Rates", copy=True)
    coverage_ids = fields.One2many("psa.contract.coverage", "version_id", "Coverage", copy=True)
    note = fields.Char("What Changed")

    @api.depends("date_from", "contract_id.version_ids.date_from")
    def _compute_date_to(self):
        for version in self:
            later = [
                other.date_from
                for other in version.contract_id.version_ids
                if version.date_from and other.date_from and other.date_from > version.date_from
            ]
            version.date_to = fields.Date.subtract(min(later), days=1) if later else False

    @api.depends("date_from")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._("from %s", format_date(self.env, version.date_from))

    @api.model
    def _psa_create_bare(self, count):
        """Make terms for contracts that are about to be made; see ``_psa_attach``."""
        return super().create([{} for _number in range(count)])

    def _psa_attach(self, contract):
        """Give terms their contract; its first terms start with it."""
        super().write({"contract_id": contract.id, "date_from": contract.date_start})
