from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class ResCompany(models.Model):
    _inherit = "res.company"

    psa_service_project_id = fields.Many2one(
        "project.project",
        "Service Desk Project",
        ondelete="restrict",
        copy=False,
        help="The project that keeps the time worked on tickets. It is made when the first time is "
        "logged and does not show among your projects.",
    )

    psa_day_limit_hours = fields.Float(
        "Longest Working Day",
        default=12.0,
        help="Days with more hours are flagged on the timesheet, not forbidden. 0 flags days of more than 24 hours only.",
    )
    psa_timer_reminder_hours = fields.Float(
        "Remind of Timers after",
        default=4.0,
        help="Whose timer runs longer is asked once whether he is still working. 0 asks nobody.",
    )
    psa_timer_idle_minutes = fields.Integer(
        "Remind Idle People after (min)",
        default=60,
        help="Whose timer runs although he did nothing on his screen for so long is asked, too. 0 asks nobody.",
    )

    def _psa_domain_of_makers(self):
        """Return the domain of the rows without a company that count in this one: made by its people, or for every company."""
        return (
            Domain("create_uid", "=", False)
            | Domain("create_uid", "in", self.env["ir.rule"]._psa_makers_for_all())
            | Domain("create_uid.company_ids", "in", self.ids)
        )

    def _psa_day_limit(self):
        """Return the hours above which a day of this company is flagged."""
        return min(self.psa_day_limit_hours, 24.0) if self.psa_day_limit_hours > 0 else 24.0

    def _psa_prepare_service_company(self, owner):
        """Let the owner of the new company log time from the first day."""
        result = super()._psa_prepare_service_company(owner)
        self._psa_ensure_service_projects()
        owner._psa_employees(self)
        return result

    def _psa_ensure_service_projects(self):
        """Make the project ticket time is kept in, for the companies that have none yet."""
        missing = self.sudo().filtered(lambda company: not company.psa_service_project_id)
        if not missing:
            return
        # Two first entries at once must not make two projects: the second one waits and looks again.
        self.env.cr.execute(
            SQL(
                "SELECT id FROM res_company WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                tuple(missing.ids),
            )
        )
        missing.invalidate_recordset(["psa_service_project_id"])
        missing = missing.filtered(lambda company: not company.psa_service_project_id)
        projects = (
            self.env["project.project"]
            .sudo()
            .with_context(mail_create_nosubscribe=True)
            .create(
                [
                    {
                        "name": self.env._("Service Desk time"),
                        "company_id": company.id,
                        "allow_timesheets": True,
                        "privacy_visibility": "employees",
                        "user_id": False,
                    }
                    for company in missing
                ]
            )
        )
        for company, project in zip(missing, projects, strict=True):
            company.psa_service_project_id = project
