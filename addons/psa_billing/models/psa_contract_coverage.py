from odoo import api, fields, models
from odoo.fields import Command

from ..core import terms
from ..tools import to_decimal


class PsaContractCoverage(models.Model):
    """What a contract says of some kind of work: paid by its price, outside of it, or at a rate of its own."""

    _name = "psa.contract.coverage"
    _description = "Contract Coverage"
    _inherit = ["psa.contract.line.mixin"]
    _order = "contract_id, version_id, sequence, id"
    _check_company_auto = True

    _order_idx = models.Index("(contract_id, version_id, sequence, id)")

    version_id = fields.Many2one("psa.contract.version", required=True, ondelete="cascade", index=True)
    contract_id = fields.Many2one(related="version_id.contract_id", store=True, index=True)
    company_id = fields.Many2one(related="version_id.company_id", store=True)
    currency_id = fields.Many2one(related="version_id.currency_id")
    sequence = fields.Integer(default=10)
    effect = fields.Selection(
        [
            ("included", "Included in the price"),
            ("excluded", "Not from prepaid hours"),
            ("at_rate", "At this rate"),
        ],
        default="included",
        required=True,
        help="Included: nothing is charged or drawn. Not from prepaid hours: it is charged at the rates. At this rate: "
        "it is charged at the hourly rate of the line. The first line that fits counts.",
    )
    work_type_ids = fields.Many2many(
        "psa.work.type", "psa_contract_coverage_work_type_rel", "coverage_id", "work_type_id", "Work Types", check_company=True
    )
    role_ids = fields.Many2many(
        "psa.role", "psa_contract_coverage_role_rel", "coverage_id", "role_id", "Roles", check_company=True
    )
    site_ids = fields.Many2many(
        "res.partner", "psa_contract_coverage_site_rel", "coverage_id", "partner_id", "Sites", check_company=True
    )
    asset_ids = fields.Many2many(
        "psa.asset", "psa_contract_coverage_asset_rel", "coverage_id", "asset_id", "Assets", check_company=True
    )
    hours = fields.Selection(
        [("any", "At any time"), ("business", "In business hours"), ("after_hours", "After hours")],
        default="any",
        required=True,
    )
    hourly_rate = fields.Monetary()

    _rate_not_negative = models.Constraint("CHECK(hourly_rate >= 0)", "The hourly rate cannot be negative.")

    @api.depends("effect", "hours", "work_type_ids", "role_ids", "site_ids", "asset_ids")
    def _compute_display_name(self):
        effects = dict(self._fields["effect"]._description_selection(self.env))
        for rule in self:
            what = [
                ", ".join(rule[fname].mapped("display_name"))
                for fname in ("work_type_ids", "role_ids", "site_ids", "asset_ids")
                if rule[fname]
            ]
            rule.display_name = f"{effects.get(rule.effect, '')}: {'; '.join(what) or self.env._('all work')}"

    def _psa_replace_terms(self, terms):
        """Take other roles and work types: ``{role or work type: the one that takes its place}``."""
        for rule in self:
            for fname in ("role_ids", "work_type_ids"):
                if any(term in terms for term in rule[fname]):
                    rule[fname] = [Command.set([terms.get(term, term).id for term in rule[fname]])]

    def _psa_moved_vals(self, terms):
        """Return the values of such rules with other roles and work types; see ``_psa_replace_terms``."""
        return [
            {
                "sequence": rule.sequence,
                "effect": rule.effect,
                "hours": rule.hours,
                "hourly_rate": rule.hourly_rate,
                "role_ids": [Command.set([terms.get(term, term).id for term in rule.role_ids])],
                "work_type_ids": [Command.set([terms.get(term, term).id for term in rule.work_type_ids])],
                "site_ids": [Command.set(rule.site_ids.ids)],
                "asset_ids": [Command.set(rule.asset_ids.ids)],
            }
            for rule in self
        ]

    def _psa_term(self):
        """Return the rule as the rating core reads it."""
        self.ensure_one()
        return terms.CoverageRule(
            id=self.id,
            sequence=self.sequence,
            effect=self.effect,
            work_type_ids=frozenset(self.work_type_ids.ids),
            role_ids=frozenset(self.role_ids.ids),
            site_ids=frozenset(self.site_ids.ids),
            asset_ids=frozenset(self.asset_ids.ids),
            hours=self.hours,
            hourly_rate=to_decimal(self.hourly_rate) if self.effect == terms.AT_RATE else None,
        )
