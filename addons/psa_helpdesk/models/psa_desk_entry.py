from odoo import api, fields, models, tools

from ..core import attachment_rules


class PsaDesk(models.Model):
    """What a desk wants of the entries of its tickets."""

    _inherit = "psa.desk"

    _entry_limits = models.Constraint(
        "CHECK(correction_minutes >= 0 AND max_attachment_mb > 0)",
        "Minutes to Correct must not be negative, and Largest File must be at least 1 MB.",
    )

    resolution_required = fields.Boolean(
        "Ask for a Resolution", tracking=True,
        help="A ticket is resolved or closed only once somebody wrote what solved it. Clients close their own tickets without.",
    )
    correction_minutes = fields.Integer(
        "Minutes to Correct", default=15, tracking=True, aggregator=None,
        help="How long an author may correct what he wrote. History keeps the first wording. 0: never.",
    )
    max_attachment_mb = fields.Integer(
        "Largest File (MB)", default=25, tracking=True, aggregator=None,
        help="Larger files are refused. Of those that come by mail the ticket keeps the name and says so.",
    )

    @api.model
    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"resolution_required", "correction_minutes", "max_attachment_mb"}

    @api.model
    @tools.ormcache()
    def _settings_by_desk(self):
        desks = {desk.id: desk for desk in self.sudo().with_context(active_test=False).search([])}
        return {
            desk_id: {
                **settings,
                "resolution_required": desks[desk_id].resolution_required,
                "correction_minutes": desks[desk_id].correction_minutes,
                "max_attachment_mb": desks[desk_id].max_attachment_mb,
            }
            for desk_id, settings in super()._settings_by_desk().items()
        }

    @api.model
    def _attachment_limits(self, desk_id):
        """Return which files a desk takes."""
        setting = self._settings_by_desk().get(desk_id)
        if not setting:
            return attachment_rules.Limits(25 * 1024 ** 2, attachment_rules.parse_types(attachment_rules.DEFAULT_BLOCKED))
        return attachment_rules.Limits(
            setting["max_attachment_mb"] * 1024 ** 2, self.env["res.company"]._psa_blocked_types()[setting["company_id"]]
        )
