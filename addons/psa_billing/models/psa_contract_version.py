from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ..core import terms
from .psa_contract_frozen import FROZEN


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

    _order_idx = models.Index("(contract_id, date_from, id)")
    _date_idx = models.Index("(date_from)")

    contract_id = fields.Many2one("psa.contract", index=True, ondelete="cascade", readonly=True, copy=False)
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
    coverage_ids = fields.One2many("psa.contract.coverage", "version_id", copy=True)
    note = fields.Char("What Changed", copy=False)
    is_indexed = fields.Boolean(readonly=True, copy=False, help="Rates were raised by indexation from this day.")
    is_frozen = fields.Boolean(
        "Has Priced Work",
        compute="_compute_is_frozen",
        help="Work priced by these terms was released or invoiced. They stay as they are; a new version changes them.",
    )

    _minutes_not_negative = models.Constraint(
        "CHECK(minimum_minutes >= 0 AND increment_minutes >= 0)",
        "The minimum and the step of rounding cannot be negative.",
    )

    @api.depends("date_from", "contract_id.version_ids.date_from")
    def _compute_date_to(self):
        for version in self:
            later = [
                other.date_from
                for other in version.contract_id.version_ids
                if version.date_from and other.date_from and other.date_from > version.date_from
            ]
            version.date_to = fields.Date.subtract(min(later), days=1) if later else False

    def _compute_is_frozen(self):
        frozen = self._psa_frozen()
        for version in self:
            version.is_frozen = version._origin in frozen

    @api.depends("date_from")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._("from %s", format_date(self.env, version.date_from))

    @api.constrains("date_from")
    def _check_date_from(self):
        for version in self:
            contract = version.contract_id
            if contract and version.date_from < contract.date_start:
                raise ValidationError(
                    self.env._(
                        "Terms from %(day)s would begin before %(contract)s does, on %(start)s. Choose a day from then on.",
                        day=format_date(self.env, version.date_from),
                        contract=contract.display_name,
                        start=format_date(self.env, contract.date_start),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        if any(not vals.get("contract_id") for vals in vals_list):
            raise UserError(self.env._("Terms belong to a contract. Use “New Version” on the contract."))
        versions = super().create(vals_list)
        versions.contract_id._psa_switch_versions()
        return versions

    def write(self, vals):
        if vals.keys() - {"note"}:
            self._psa_check_open()
        if "contract_id" in vals:
            raise UserError(self.env._("Terms stay with their contract."))
        result = super().write(vals)
        if "date_from" in vals:
            self.contract_id._psa_switch_versions()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_needed(self):
        for version in self:
            first = version.contract_id.version_ids.sorted("date_from")[:1]
            if version == first:
                raise UserError(
                    self.env._("The first terms of a contract cannot be deleted; delete the contract while it is a draft.")
                )
        self._psa_check_open()
        contracts = self.contract_id
        for contract in contracts:
            if contract.version_id in self:
                contract._psa_switch_versions(without=self)

    def _psa_copy_from(self, day, note=False):
        """Return new terms of the contract from a day on, like these."""
        self.ensure_one()
        # With archived work types and roles: a rule for these alone must not become one for all work.
        (vals,) = self.with_context(active_test=False).copy_data({"contract_id": self.contract_id.id, "date_from": day, "note": note})
        return self.create(vals)

    def _psa_priced_lines(self):
        """Return the lines with an hourly rate by what they are for, ``{what: line}``, to find the same in other terms."""
        lines = {("rate", line.role_id, line.work_type_id): line for line in self.rate_ids}
        for rule in self.with_context(active_test=False).coverage_ids.filtered(lambda rule: rule.effect == terms.AT_RATE):
            key = ("coverage", rule.hours, rule.work_type_ids, rule.role_ids, rule.site_ids, rule.asset_ids)
            # Of two rules for the same the first counts; the other is found, too.
            while key in lines:
                key = (*key, "again")
            lines[key] = rule
        return lines

    def _psa_frozen(self):
        """Return the versions that have priced work which was released or invoiced."""
        rows = self.env["psa.billing.item"].sudo()._read_group(
            Domain("version_id", "in", self._origin.ids) & FROZEN, ["version_id"]
        )
        return self.browse(version.id for (version,) in rows)

    def _psa_check_open(self):
        """Refuse to change terms by which work was priced for good."""
        frozen = self._psa_frozen()[:1]
        if frozen:
            raise UserError(
                self.env._(
                    "Work released or invoiced was priced by the terms of %(contract)s from %(day)s, so they stay. "
                    "Use “New Version” and say from when the new terms count.",
                    contract=frozen.contract_id.display_name,
                    day=format_date(self.env, frozen.date_from),
                )
            )

    @api.model
    def _psa_create_bare(self, count):
        """Make terms for contracts that are about to be made; see ``_psa_attach``."""
        return super().create([{} for _number in range(count)])  # pylint: disable=super-method-mismatch

    def _psa_attach(self, contract):
        """Give terms their contract; its first terms start with it."""
        return super().write(  # pylint: disable=super-method-mismatch
            {"contract_id": contract.id, "date_from": contract.date_start}
        )

    def _psa_term(self):
        """Return these terms as the rating core reads them."""
        self.ensure_one()
        return terms.Version(
            id=self.id,
            date_from=self.date_from,
            rounding=self.rounding,
            minimum_minutes=self.minimum_minutes,
            increment_minutes=self.increment_minutes,
            multiplier_policy=self.multiplier_policy,
            is_overage_multiplied=self.is_overage_multiplied,
            rates=tuple(rate._psa_term() for rate in self.rate_ids.sorted("id")),
            coverage=tuple(
                rule._psa_term() for rule in self.coverage_ids.sorted(lambda rule: (rule.sequence, rule.id))
            ),
        )
