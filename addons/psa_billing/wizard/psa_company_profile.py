from odoo import api, fields, models

TIME_FIELDS = ("psa_day_limit_hours", "psa_timer_reminder_hours", "psa_timer_idle_minutes")


class PsaCompanyProfile(models.TransientModel):
    """How the time of a service company is watched over, set by its owner."""

    _inherit = "psa.company.profile"

    psa_day_limit_hours = fields.Float(
        "Longest Working Day", help="Days with more hours are flagged on the timesheet, not forbidden. 0: only those over 24 hours."
    )
    psa_timer_reminder_hours = fields.Float(
        "Remind of Timers after", help="Whose timer runs longer is asked once whether he is still working. 0 asks nobody."
    )
    psa_timer_idle_minutes = fields.Integer(
        "Remind Idle People after (min)",
        help="Whose timer runs although he did nothing on his screen for so long is asked, too. 0 asks nobody.",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        company = self.env.company.sudo()
        values.update({name: company[name] for name in TIME_FIELDS if name in fields_list})
        return values

    def action_save(self):
        result = super().action_save()  # which made sure that he owns the company
        company = self.company_id.sudo()
        changes = {name: self[name] for name in TIME_FIELDS if self[name] != company[name]}
        if changes:
            company.write(changes)
        return result
