from odoo import api, fields, models
from odoo.addons.psa_crm.core import access
from odoo.exceptions import AccessError


class PsaBillingProblem(models.Model):
    """What the nightly check of the ledger could not explain; it is told to people and never corrected by itself."""

    _name = "psa.billing.problem"
    _inherit = ["psa.access.mixin"]
    _description = "Ledger Problem"
    _order = "found_on desc, id desc"
    _rec_name = "message"

    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
    _psa_access_lent = False

    _order_idx = models.Index("(found_on DESC, id DESC)")
    _client_idx = models.Index("(client_id, found_on DESC, id DESC)")
    _key_uniq = models.UniqueIndex(
        "(company_id, COALESCE(client_id, 0), key)", "This problem is on the list already."
    )

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    client_id = fields.Many2one("res.partner", readonly=True, ondelete="cascade")
    item_id = fields.Many2one(
        "psa.billing.item", "Ledger Row", readonly=True, index="btree_not_null", ondelete="set null"
    )
    key = fields.Char(required=True, readonly=True, help="Tells problems apart: which law, which row.")
    code = fields.Char("Problem", required=True, readonly=True)
    message = fields.Text(required=True, readonly=True)
    found_on = fields.Datetime(required=True, readonly=True)
    seen_on = fields.Datetime("Last Seen", required=True, readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("gone", "Gone")], required=True, readonly=True, default="open"
    )
    accepted_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")

    @api.model_create_multi
    def create(self, vals_list):
        # They come from the check, which has sudo.
        if not self.env.su:
            raise AccessError(self.env._("Ledger problems are found by the nightly check, not entered by hand."))
        return super().create(vals_list)

    def action_accept(self):
        """Take note of the problem: it is not reported as open any more."""
        self._check_billing()
        self.filtered(lambda problem: problem.state == "open").sudo().write(
            {"state": "accepted", "accepted_by_id": self.env.uid}
        )
        return True

    def action_check_again(self):
        """Check the ledgers of the clients again."""
        self._check_billing()
        pairs = {(problem.client_id.id, problem.company_id.id) for problem in self.sudo()}
        self.sudo()._check_ledgers(sorted(pairs))
        return True

    def action_open_item(self):
        """Open the ledger row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "psa.billing.item",
            "res_id": self.item_id.id,
            "view_mode": "form",
        }

    def _check_billing(self):
        if not self.env.user.has_group("psa_crm.group_billing"):
            raise AccessError(self.env._("Only members of the group “PSA / Billing” work on the ledger."))
        self.check_access("read")
        self.env["psa.billing.item"].check_access("write")
