from datetime import timedelta

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_duration

BATCH = 200


class PsaWorkTimer(models.Model):
    """Timers that were forgotten: their owner is asked once whether he is still working, wherever he is.

    The question is kept on the timer, so that it shows in the web client whenever he comes back.
    """

    _inherit = "psa.work.timer"

    _remind_idx = models.Index("(remind_at) WHERE is_running AND reminded_at IS NULL")

    remind_at = fields.Datetime(readonly=True)
    reminded_at = fields.Datetime("Asked On", readonly=True)
    quiet_since = fields.Datetime("Nothing Done Since", readonly=True)

    def action_still_working(self):
        """Go on; ask again after the same time."""
        now = fields.Datetime.now()
        for timer in self.filtered("is_running"):
            timer.write({"reminded_at": False, "quiet_since": False, "remind_at": timer._remind_after(now)})
        self._tell_browsers()
        return True

    def action_stop_at(self):
        """Ask when work really ended."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_timer_stop")
        return {**action, "context": {"default_timer_id": self.id}}

    def _store(self, state):
        result = super()._store(state)
        for timer in self:
            timer.write({
                "remind_at": timer._remind_after(timer.started_at) if timer.is_running else False,
                "reminded_at": False,
                "quiet_since": False,
            })
        self._tell_browsers()
        return result

    def unlink(self):
        users = self.user_id
        result = super().unlink()
        self._tell_browsers(users)
        return result

    def _tell_browsers(self, users=None):
        """Show in all open browsers of the owners what runs."""
        for user in self.user_id if users is None else users:
            user._bus_send("psa_billing.timer", {"timer": self.sudo()._get_banner(user)})

    def _remind_after(self, moment):
        hours = self.company_id.sudo().psa_timer_reminder_hours
        return moment + timedelta(hours=hours) if hours > 0 else False

    @api.model
    def _cron_remind(self):
        """Ask the owners of timers that run too long, or run although nothing happens on their screens."""
        timers = self._forgotten(BATCH)
        self.env["ir.cron"]._commit_progress(remaining=len(timers))
        for timer in timers:
            timer._remind()
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _forgotten(self, limit):
        """Return running timers whose owners are to be asked, and were not yet."""
        self.flush_model()
        self.env["res.company"].flush_model(["psa_timer_idle_minutes"])
        now = fields.Datetime.now()
        rows = self.env.execute_query(SQL(
            """SELECT timer.id, timer.remind_at IS NOT NULL AND timer.remind_at <= %(now)s, presence.last_presence
                 FROM psa_work_timer timer
                 JOIN res_company company ON company.id = timer.company_id
            LEFT JOIN mail_presence presence ON presence.user_id = timer.user_id
                WHERE timer.is_running AND timer.reminded_at IS NULL
                  AND (timer.remind_at <= %(now)s
                       OR (company.psa_timer_idle_minutes > 0
                           AND timer.started_at <= %(now)s - company.psa_timer_idle_minutes * interval '1 minute'
                           AND presence.last_presence <= %(now)s - company.psa_timer_idle_minutes * interval '1 minute'))
             ORDER BY timer.id LIMIT %(limit)s FOR UPDATE OF timer SKIP LOCKED""",
            now=now, limit=limit,
        ))
        timers = self.sudo().browse(timer_id for timer_id, _late, _seen in rows)
        for timer, (_id, _late, seen) in zip(timers, rows, strict=True):
            if seen and seen > timer.started_at:
                timer.quiet_since = seen
        return timers

    def _remind(self):
        self.ensure_one()
        timer = self.with_context(lang=self.user_id.lang)
        timer.reminded_at = fields.Datetime.now()
        work = (timer.ticket_id or timer.task_id).sudo()
        worked = format_duration(timer.seconds_worked / 3600)
        link = Markup("<a href='/odoo/psa-my-day'>%s</a>") % timer.env._("Open My Day")
        work.message_notify(
            partner_ids=timer.user_id.partner_id.ids,
            subject=timer.env._("Still working on %s?", work.display_name),
            body=Markup("<p>%s</p><p>%s</p>") % (
                timer.env._("Your timer shows %s. Go on, or say when you stopped.", worked), link
            ),
        )
        timer._tell_browsers()

    @api.model
    def get_banner(self):
        """Return what the web client shows of the current user's timers."""
        return self._get_banner(self.env.user) if self.has_access("read") else False

    @api.model
    def _get_banner(self, user):
        """Return the timer of a user that runs, and whether it was forgotten."""
        timer = self.search([("user_id", "=", user.id), ("is_running", "=", True)], limit=1)
        if not timer:
            return False
        work = timer.ticket_id or timer.task_id
        return {
            "id": timer.id,
            "name": work.sudo().display_name,
            "res_model": work._name,
            "res_id": work.id,
            "seconds": timer.seconds_worked,
            "asks": bool(timer.reminded_at),
        }
