from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core import export_limits

FORMATS = [
    ("iif", "QuickBooks Desktop (IIF)"),
    ("qbo", "QuickBooks Online (CSV)"),
    ("xero", "Xero (CSV)"),
]
# Kind of entry -> the field that says what is mapped. Lines without tax are mapped by themselves.
TARGETS = {
    "account": "account_id",
    "tax": "tax_id",
    "item": "product_id",
    "term": "term_id",
    "customer": "partner_id",
}


class PsaAccountingMap(models.Model):
    """How the other accounting program calls an account, tax, item, payment term or customer of ours."""

    _name = "psa.accounting.map"
    _description = "Accounting Export Name"
    _order = "format, kind, id"
    _check_company_auto = True

    _order_idx = models.Index("(format, kind, id)")
    _target_uniq = models.UniqueIndex(
        "(company_id, format, kind, COALESCE(account_id, 0), COALESCE(tax_id, 0), COALESCE(product_id, 0),"
        " COALESCE(term_id, 0), COALESCE(partner_id, 0))",
        "This already has a name in that format. Change that one.",
    )
    _one_target = models.Constraint(
        "CHECK(num_nonnulls(account_id, tax_id, product_id, term_id, partner_id) = CASE kind WHEN 'untaxed' THEN 0 ELSE 1 END)",
        "Choose what the name is for: one account, tax, product, payment term or customer.",
    )

    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    format = fields.Selection(FORMATS, required=True, default="iif")
    kind = fields.Selection(
        [
            ("account", "Account"),
            ("tax", "Tax"),
            ("untaxed", "Lines without Tax"),
            ("item", "Item"),
            ("term", "Payment Term"),
            ("customer", "Customer"),
        ],
        required=True,
        default="account",
    )
    account_id = fields.Many2one("account.account", index="btree_not_null", ondelete="cascade", check_company=True)
    tax_id = fields.Many2one(
        "account.tax", index="btree_not_null", ondelete="cascade", check_company=True, domain="[('type_tax_use', '=', 'sale')]"
    )
    product_id = fields.Many2one("product.product", index="btree_not_null", ondelete="cascade", check_company=True)
    term_id = fields.Many2one(
        "account.payment.term", "Payment Term", index="btree_not_null", ondelete="cascade", check_company=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", index="btree_not_null", ondelete="cascade", check_company=True
    )
    our_name = fields.Char("Here", compute="_compute_our_name")
    name = fields.Char(
        "There", help="Exactly as the other program writes it. Empty: still to be filled in; nothing is exported without it."
    )
    is_missing = fields.Boolean("Missing", compute="_compute_is_missing", search="_search_is_missing")

    @api.depends("kind", *TARGETS.values())
    def _compute_our_name(self):
        for entry in self:
            if entry.kind == "untaxed":
                entry.our_name = self.env._("No tax")
            else:
                entry.our_name = entry[TARGETS[entry.kind]].display_name if entry.kind else False

    @api.depends("name")
    def _compute_is_missing(self):
        for entry in self:
            entry.is_missing = not (entry.name or "").strip()

    @api.model
    def _search_is_missing(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = {bool(item) for item in value}
        if len(wanted) != 1:
            return Domain.TRUE if wanted else Domain.FALSE
        empty = Domain("name", "in", [False, ""])
        return empty if wanted.pop() else ~empty

    @api.depends("our_name", "name")
    def _compute_display_name(self):
        for entry in self:
            entry.display_name = f"{entry.our_name} → {entry.name or '?'}"

    @api.constrains("name", "format", "kind")
    def _check_name(self):
        for entry in self:
            found = export_limits.name_problem(entry.format, entry.kind, (entry.name or "").strip())
            if not found:
                continue
            why, limit = found
            values = {"name": entry.name, "limit": limit, "format": dict(FORMATS)[entry.format]}
            if why == "formula":
                message = self.env._(
                    "“%(name)s” starts with a sign that makes it a formula in a spreadsheet. Rename it in %(format)s first.", **values
                )
            elif why == "character":
                message = self.env._(
                    "“%(name)s” has a character that %(format)s takes for the end of a name: a quotation mark, a tab, a line "
                    "break or, in QuickBooks Desktop, a semicolon. Leave it out.", **values
                )  # fmt: skip
            else:
                message = self.env._(
                    "“%(name)s” is longer than the %(limit)s characters %(format)s has for it. Copy it from there.", **values
                )
            raise ValidationError(message)

    @api.onchange("kind")
    def _onchange_kind(self):
        for kind, fname in TARGETS.items():
            if kind != self.kind:
                self[fname] = False

    @api.model
    def _psa_names(self, company, file_format):
        """Return ``{(kind, id): name}`` of what has a name in a format."""
        return {
            entry._psa_key(): entry.name.strip()
            for entry in self.search([("company_id", "=", company.id), ("format", "=", file_format)])
            if not entry.is_missing
        }

    @api.model
    def _psa_ensure(self, company, file_format, wanted):
        """Make an empty row for each (kind, id) that has none yet, and return all rows that lack a name."""
        known = {
            entry._psa_key() for entry in self.search([("company_id", "=", company.id), ("format", "=", file_format)])
        }
        self.create(
            [
                {
                    "company_id": company.id,
                    "format": file_format,
                    "kind": kind,
                    **({TARGETS[kind]: id_} if kind in TARGETS else {}),
                }
                for kind, id_ in sorted(wanted)
                if (kind, id_) not in known
            ]
        )
        return self.search(
            [("company_id", "=", company.id), ("format", "=", file_format), ("is_missing", "=", True)]
        ).filtered(lambda entry: entry._psa_key() in wanted)

    def _psa_key(self):
        """Return what the entry is about, as (kind, id)."""
        return self.kind, self[TARGETS[self.kind]].id if self.kind in TARGETS else 0
