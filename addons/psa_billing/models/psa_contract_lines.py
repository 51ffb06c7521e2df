from odoo import models

LINES = ("rate_ids", "coverage_ids")


class PsaContract(models.Model):
    """Lines of the terms in force, changed on the contract."""

    _inherit = "psa.contract"

    def write(self, vals):
        """Change rates and coverage of one save together, on the terms themselves.

        Handed on one after the other, as Odoo does with lines of an inherited record, what was added to the one is lost
        when a line of the other is deleted.
        """
        if not all(name in vals for name in LINES):
            return super().write(vals)
        result = super().write({name: value for name, value in vals.items() if name not in LINES})
        for contract in self:
            contract.version_id.write({name: vals[name] for name in LINES})
        return result
