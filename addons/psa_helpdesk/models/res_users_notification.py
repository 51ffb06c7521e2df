from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import notification

# What a user sets for himself; his addresses are rows with rules of their own.
OWN_SETTINGS = ["psa_quiet_from", "psa_quiet_to", "psa_digest_limit", "psa_digest_minutes"]


class ResUsers(models.Model):
    """When a user wants to be left alone, and how much he wants to hear at a time."""

    _inherit = "res.users"

    psa_quiet_from = fields.Float(
        "Quiet from", default=0.0,
        help="From then on, in your time zone, nothing wakes you. What happens is told in one message when the quiet hours are over.",
    )
    psa_quiet_to = fields.Float("Quiet until", default=0.0, help="The same time in both: no quiet hours.")
    psa_digest_limit = fields.Integer(
        "Put Together after", default=30,
        help="So many messages reach an address one by one; what comes on top is put into one. 0: never put together.",
    )
    psa_digest_minutes = fields.Integer("In Minutes", default=10, help="Within how many minutes messages are counted.")
    psa_notification_address_ids = fields.One2many("psa.notification.address", "user_id", "Notification Addresses")

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + OWN_SETTINGS

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return super().SELF_WRITEABLE_FIELDS + OWN_SETTINGS

    @api.constrains("psa_quiet_from", "psa_quiet_to", "psa_digest_limit", "psa_digest_minutes")
    def _check_psa_notification_settings(self):
        for user in self:
            if not (0 <= user.psa_quiet_from < 24 and 0 <= user.psa_quiet_to < 24):
                raise ValidationError(self.env._("Quiet hours lie between 0:00 and 23:59. Correct Quiet from and Quiet until."))
            if user.psa_digest_limit < 0 or not 1 <= user.psa_digest_minutes <= 1440:
                raise ValidationError(self.env._("Messages are counted within 1 to 1440 minutes, and their number is not negative."))

    def unlink(self):
        # Without his account a former colleague would be told as a contact is.
        self.env["psa.notification"].sudo().search([
            ("user_id", "in", self.ids), ("state", "in", ("waiting", "failed")),
        ])._withhold(notification.GONE)
        return super().unlink()

    def _psa_quiet_hours(self):
        """Return the quiet hours, or None."""
        self.ensure_one()
        return notification.hours_of(self.psa_quiet_from, self.psa_quiet_to)
