from odoo import api, fields, models


class PsaDeskCompare(models.TransientModel):
    """In what a desk differs from the template of its company; what is ticked is pulled in."""

    _name = "psa.desk.compare"
    _description = "Comparison of a Desk with the Template"

    desk_id = fields.Many2one("psa.desk", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="desk_id.company_id", store=True)
    line_ids = fields.One2many("psa.desk.compare.line", "compare_id")
    can_pull = fields.Boolean(compute="_compute_can_pull")

    @api.depends("line_ids.can_pull")
    def _compute_can_pull(self):
        for compare in self:
            compare.can_pull = any(compare.line_ids.mapped("can_pull"))

    def action_select_all(self):
        """Tick every line."""
        self.ensure_one()
        self.line_ids.filtered("can_pull").is_selected = True
        return {"type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form", "target": "new"}

    def action_pull(self):
        """Take over what is ticked. The desk is compared anew: a line only names a difference, it does not say what to do."""
        self.ensure_one()
        self.desk_id._pull_from_template(set(self.line_ids.filtered("is_selected").mapped("key")))
        return {"type": "ir.actions.client", "tag": "soft_reload"}
