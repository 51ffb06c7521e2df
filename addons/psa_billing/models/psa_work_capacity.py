from collections import defaultdict
from datetime import datetime, time

from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.tools import SQL
from pytz import timezone, utc

# Leave is entered late and calendars change: so many months back are counted again.
MONTHS_COUNTED_AGAIN = 3


class PsaWorkCapacity(models.Model):
    """How many hours an employee was there for in a month, by his working hours and without leave.

    Kept, because Odoo's calendars answer in Python only and utilisation is looked at for years at once. Months that are
    past stay as they were counted; the last ones are counted again every night.
    """

    _name = "psa.work.capacity"
    _description = "Available Hours"
    _order = "month desc, employee_id, id"

    _employee_month_uniq = models.UniqueIndex("(employee_id, month)")
    _order_idx = models.Index("(month DESC, employee_id, id)")

    employee_id = fields.Many2one("hr.employee", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    month = fields.Date(required=True, readonly=True, help="First day of the month.")
    hours = fields.Float("Available", readonly=True)

    @api.model
    def _cron_count(self):
        """Count what is missing, and the last months again, a company at a time."""
        companies = self.env["hr.employee"].sudo()._read_group([], ["company_id"])
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for (company,) in companies:
            self._count(company)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _count(self, company, today=None):
        """Bring the available hours of a company's employees up to date."""
        this_month = (today or fields.Date.context_today(self)) + relativedelta(day=1)
        employees = self.env["hr.employee"].sudo().with_company(company).search([("company_id", "=", company.id)])
        known = defaultdict(dict)
        for capacity in self.sudo().search([("employee_id", "in", employees.ids)]):
            known[capacity.month][capacity.employee_id.id] = capacity
        fresh_from = this_month - relativedelta(months=MONTHS_COUNTED_AGAIN - 1)
        to_create = []
        for month, starters in self._months(employees, this_month).items():
            due = starters if month >= fresh_from else starters.filtered(lambda e, m=month: e.id not in known[m])
            hours = self._hours(due, month)
            for employee in due:
                kept = known[month].get(employee.id)
                if not kept:
                    to_create.append({
                        "employee_id": employee.id, "company_id": company.id, "month": month, "hours": hours[employee.id],
                    })
                elif abs(kept.hours - hours[employee.id]) > 1e-6:
                    kept.hours = hours[employee.id]
        return self.sudo().create(to_create)

    @api.model
    def _months(self, employees, this_month):
        """Return ``{month: employees}``: each from the month of his first time entry, or from this one."""
        months = defaultdict(self.env["hr.employee"].sudo)
        if not employees:
            return months
        first_days = dict(
            self.env.execute_query(
                SQL(
                    "SELECT employee_id, MIN(date) FROM account_analytic_line"
                    " WHERE project_id IS NOT NULL AND employee_id IN %s GROUP BY employee_id",
                    tuple(employees.ids),
                )
            )
        )
        for employee in employees:
            month = min(first_days.get(employee.id, this_month), this_month) + relativedelta(day=1)
            while month <= this_month:
                months[month] |= employee
                month += relativedelta(months=1)
        return months

    @api.model
    def _hours(self, employees, month):
        """Return ``{employee id: hours}`` of a month, by the employees' calendars and time zones."""
        if not employees:
            return {}
        hours = {}
        for tz, of_zone in employees.grouped(lambda employee: employee.tz or "UTC").items():
            start = timezone(tz).localize(datetime.combine(month, time.min)).astimezone(utc)
            end = timezone(tz).localize(datetime.combine(month + relativedelta(months=1), time.min)).astimezone(utc)
            worked = of_zone._get_work_days_data_batch(start, end)
            hours.update({employee.id: worked[employee.id]["hours"] for employee in of_zone})
        return hours
