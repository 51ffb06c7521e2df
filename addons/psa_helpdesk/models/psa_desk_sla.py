from odoo import api, fields, models, tools


class PsaDesk(models.Model):
    """In which hours a desk works, and whether its clients are shown what they were promised."""

    _inherit = "psa.desk"

    sla_calendar_id = fields.Many2one(
        "resource.calendar", "Service Hours", ondelete="restrict", index="btree_not_null", check_company=True, tracking=True,
        help="When the desk works. SLA policies may count these hours. Empty: the working hours of the company.",
    )
    sla_on_portal = fields.Boolean(
        "Show Targets on the Portal", tracking=True,
        help="Clients see on their tickets by when they are answered and by when it is resolved.",
    )

    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"sla_calendar_id", "sla_on_portal"}

    @api.model
    @tools.ormcache()
    def _sla_calendar_by_desk(self):
        """Return {desk id: id of the calendar in whose hours it works}; cached."""
        desks = self.sudo().with_context(active_test=False).search_fetch([], ["sla_calendar_id", "company_id"])
        return {desk.id: desk.sla_calendar_id.id or desk.company_id.resource_calendar_id.id for desk in desks}
