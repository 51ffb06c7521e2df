from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Date as DateField

from ..core import timesheet
from ..tools import hours_to_minutes

# Where a cell of several entries stands: the one that is least far counts.
STATES = ("draft", "submitted", "approved")
WORK = {"ticket_id": "psa.ticket", "task_id": "project.task", "project_id": "project.project", "work_type_id": "psa.work.type"}
MAX_CHANGES = 200


class PsaTimeWeek(models.Model):
    """The week as a grid: a row for each ticket or task and work type, a column for each day.

    One call reads a week, one call saves what was typed and reads it again. Access is that of the entries.
    """

    _inherit = "psa.time.week"

    @api.model
    def get_grid(self, date=None, user_id=None):
        """Return a week of a person as the grid shows it.

        :param date: any day of the week; this week's if empty
        :param user_id: whose; the current user's if empty
        """
        user = self._psa_grid_user(user_id)
        first = self._psa_monday(date)
        days = timesheet.days_of(first)
        lines = self.env["account.analytic.line"].search(
            [("user_id", "=", user.id), ("project_id", "!=", False), ("date", ">=", days[0]), ("date", "<=", days[-1])],
            order="date, id",
        )
        weeks = self.search([("user_id", "=", user.id), ("date_from", "=", first)])
        closed = weeks.filtered("is_locked").company_id
        is_own = user == self.env.user
        can_edit = is_own or self.env.user.has_group("psa_crm.group_billing")
        rows = self._psa_grid_rows(lines, weeks, days, closed, can_edit)
        return {
            "date_from": DateField.to_string(first),
            "days": [DateField.to_string(day) for day in days],
            "today": DateField.to_string(DateField.context_today(self)),
            "user": {"id": user.id, "name": user.sudo().name, "is_own": is_own},
            "rows": rows,
            "day_warnings": self._psa_grid_warnings(lines),
            "weeks": [
                {
                    "id": week.id, "state": week.state, "is_locked": week.is_locked, "company": week.company_id.sudo().name,
                    "return_reason": week.return_reason or "",
                }
                for week in weeks
            ],
            "can_edit": can_edit,
            "can_approve": self.env.user.has_group("psa_crm.group_billing"),
            "can_see_others": self._psa_sees_others(),
            "to_submit": sum(line.psa_approval_state == "draft" for line in lines),
            "to_approve": sum(line.psa_approval_state == "submitted" for line in lines),
        }

    @api.model
    def save_grid(self, date, changes, user_id=None):
        """Save what was typed into cells, all or nothing, and return the week as it is then.

        :param changes: ``[{"ticket_id", "task_id", "project_id", "work_type_id", "date", "minutes"}]``
        """
        user = self._psa_grid_user(user_id)
        days = timesheet.days_of(self._psa_monday(date))
        if len(changes) > MAX_CHANGES:
            raise UserError(self.env._("That is too much at once. Save the week in between."))
        Line = self.env["account.analytic.line"]
        lines = Line.search(
            [("user_id", "=", user.id), ("project_id", "!=", False), ("date", ">=", days[0]), ("date", "<=", days[-1])]
        ).grouped(lambda line: (self._psa_row_key(line), line.date))
        to_create, to_delete, to_write = [], Line, {}
        for change in changes:
            day, minutes = DateField.to_date(change["date"]), int(change["minutes"])
            if day not in days:
                raise UserError(self.env._("A cell belongs to another week. Load the page anew."))
            if not 0 <= minutes <= 24 * 60:
                raise UserError(self.env._("A cell takes 0:00 to 24:00 hours."))
            there = lines.get((self._psa_change_key(change), day), Line)
            if len(there) > 1 or there.psa_approval_state == "approved" or there.psa_start or there.psa_corrects_id:
                raise UserError(self.env._(
                    "The time of that day cannot be typed over: it has several entries, fixed times, or is approved. Open the cell."
                ))
            if not there and minutes:
                to_create.append(self._prepare_cell_vals(change, day, minutes, user))
            elif there and not minutes:
                to_delete |= there
            elif there and hours_to_minutes(there.unit_amount) != minutes:
                to_write[minutes] = to_write.get(minutes, Line) | there
        to_delete.unlink()
        for minutes, of_minutes in to_write.items():
            of_minutes.write({"unit_amount": minutes / 60})
        Line.create(to_create)
        return self.get_grid(date, user_id)

    @api.model
    def save_rows(self, date, rows):
        """Keep rows in one's own week that have no time yet, and return the week."""
        week = self._psa_own_week(date)
        keys = [self._psa_clean_key(row) for row in rows[:MAX_CHANGES]]
        week.sudo().row_keys = [list(key) for key in dict.fromkeys(keys)]
        return self.get_grid(date)

    @api.model
    def copy_last_week(self, date):
        """Take over the rows of one's week before, without their time."""
        first = self._psa_monday(date)
        before = DateField.subtract(first, days=7)
        lines = self.env["account.analytic.line"].search(
            [("user_id", "=", self.env.uid), ("project_id", "!=", False), ("date", ">=", before), ("date", "<", first)]
        )
        week = self._psa_own_week(date)
        keys = [tuple(key) for key in week.row_keys or []] + [self._psa_row_key(line) for line in lines]
        week.sudo().row_keys = [list(key) for key in dict.fromkeys(keys)]
        return self.get_grid(date)

    @api.model
    def submit_grid(self, date):
        """Hand in one's own week, in all companies, and return it."""
        weeks = self.search([("user_id", "=", self.env.uid), ("date_from", "=", self._psa_monday(date))])
        open_weeks = weeks.filtered(
            lambda week: "draft" in week.line_ids.mapped("psa_approval_state")
        )
        if not open_weeks:
            raise UserError(self.env._("There is nothing to hand in: enter time first."))
        open_weeks.action_submit()
        return self.get_grid(date)

    @api.model
    def open_entries(self, line_ids):
        """Return the action that shows the entries of a cell."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time")
        return {**action, "domain": [("id", "in", [int(id_) for id_ in line_ids])], "context": {}}

    @api.model
    def get_people(self):
        """Return whose weeks the current user may look at."""
        if not self._psa_sees_others():
            return [{"id": self.env.uid, "name": self.env.user.name}]
        users = self.search([("company_id", "in", self.env.companies.ids)]).user_id.sudo() | self.env.user
        return [{"id": user.id, "name": user.name} for user in users.sorted("name")]

    @api.model
    def _psa_sees_others(self):
        return self.env.user.has_groups("psa_crm.group_dispatcher,psa_crm.group_billing")

    @api.model
    def _psa_grid_user(self, user_id):
        user = self.env["res.users"].browse(int(user_id or self.env.uid))
        if user != self.env.user and not self._psa_sees_others():
            raise AccessError(self.env._("You see your own timesheet only."))
        companies = self.env.companies
        # People of the own companies, and those a client was lent to who logged time here.
        if user != self.env.user and not user.sudo().company_ids & companies and not self.search_count(
            [("user_id", "=", user.id), ("company_id", "in", companies.ids)], limit=1
        ):
            raise AccessError(self.env._("You see timesheets of your own companies only."))
        return user

    @api.model
    def _psa_own_week(self, date):
        key = (self.env.uid, self.env.company.id, self._psa_monday(date))
        self.check_access("read")
        return self._psa_get_or_make({key})[key]

    @api.model
    def _psa_row_key(self, line):
        """Return what the row of an entry is: ticket, task, project, work type."""
        ticket, task = line.psa_ticket_id, line.task_id
        return (
            ticket.id or 0,
            task.id or 0 if not ticket else 0,
            0 if ticket or task else line.project_id.id,
            line.psa_work_type_id.id or 0,
        )

    @api.model
    def _psa_change_key(self, change):
        return tuple(int(change.get(name) or 0) for name in WORK)

    @api.model
    def _psa_clean_key(self, row):
        """Return the key of a row that is to be kept; only what the user may read can be one."""
        key = self._psa_change_key(row)
        for (_name, model), id_ in zip(WORK.items(), key, strict=True):
            self.env[model].browse(id_ or []).check_access("read")
        ticket_id, task_id, project_id, work_type_id = key
        Line = self.env["account.analytic.line"]
        vals = {"psa_ticket_id": ticket_id, "task_id": task_id, "project_id": project_id}
        if not work_type_id and Line._psa_service_vals([vals]):
            # The one that an entry of the row will start with, so that it stays in the row.
            work_type_id = self.env["psa.work.type"]._psa_default(Line._psa_company_of(vals)).id
        return ticket_id, task_id, project_id, work_type_id or 0

    @api.model
    def _prepare_cell_vals(self, change, day, minutes, user):
        ticket_id, task_id, project_id, work_type_id = self._psa_change_key(change)
        return {
            **({"psa_ticket_id": ticket_id} if ticket_id else {}),
            **({"task_id": task_id} if task_id else {}),
            **({"project_id": project_id} if project_id else {}),
            **({"psa_work_type_id": work_type_id} if work_type_id else {}),
            "user_id": user.id,
            "date": day,
            "unit_amount": minutes / 60,
            "name": "/",
        }

    @api.model
    def _psa_grid_rows(self, lines, weeks, days, closed, can_edit):
        """Return the rows: those with time, then those that are kept without."""
        by_row = lines.grouped(self._psa_row_key)
        kept = [tuple(key) for week in weeks for key in week.sudo().row_keys or []]
        keys = list(dict.fromkeys([*by_row, *kept]))
        works = self._psa_grid_works(keys)
        rows = []
        for key in keys:
            work = works.get(key)
            if not work:
                continue
            of_row = by_row.get(key, lines.browse())
            is_closed = work["company_id"] in closed.ids
            of_days = of_row.grouped("date")
            rows.append({
                "key": "-".join(map(str, key)),
                **dict(zip(WORK, key, strict=True)),
                **work,
                "cells": [self._psa_cell(of_days.get(day, of_row.browse()), day, can_edit, is_closed) for day in days],
            })
        return sorted(rows, key=lambda row: (not row["ticket_id"], row["client"], row["name"], row["work_type"]))

    @api.model
    def _psa_cell(self, lines, day, can_edit, is_closed):
        states = [line.psa_approval_state for line in lines if line.psa_approval_state]
        is_plain = len(lines) == 1 and not (lines.psa_start or lines.psa_corrects_id or lines.psa_approval_state == "approved")
        return {
            "date": DateField.to_string(day),
            "minutes": sum(hours_to_minutes(line.unit_amount) for line in lines),
            "ids": lines.ids,
            "note": " · ".join(line.name for line in lines if line.name and line.name != "/"),
            "state": next((state for state in STATES if state in states), "none"),
            "is_flagged": any(lines.mapped("psa_is_flagged")),
            "can_type": can_edit and not is_closed and (not lines or is_plain),
        }

    @api.model
    def _psa_grid_works(self, keys):
        """Return names and companies of what the rows are about; what the user may not read shows its number only."""
        readable, known = {}, {}
        for position, model in enumerate(WORK.values()):
            records = self.env[model].browse({key[position] for key in keys if key[position]}).exists()
            # One by one out of one set, so that they are fetched together.
            known[model] = {record.id: record for record in records.sudo()}
            readable[model] = set(records._filtered_access("read").ids)
        works = {}
        for key in keys:
            model, id_ = next(((model, id_) for model, id_ in zip(WORK.values(), key, strict=True) if id_), (None, 0))
            record = known.get(model, {}).get(id_)
            if not record or model == "psa.work.type":
                continue
            company = record.company_id or (record.project_id.company_id if model == "project.task" else record.company_id)
            is_readable = id_ in readable[model]
            client = record.client_id if model == "psa.ticket" else record.partner_id.commercial_partner_id
            work_type = known["psa.work.type"].get(key[-1])
            works[key] = {
                "name": self._psa_work_name(record, is_readable),
                "client": (client.name or "") if is_readable else "",
                "place": (record.project_id.name or "") if model == "project.task" and is_readable else "",
                "work_type": work_type.name if work_type else "",
                "company_id": (company or self.env.company).id,
            }
        return works

    @api.model
    def _psa_work_name(self, record, is_readable):
        if record._name == "psa.ticket":
            return f"{record.number} {record.name}" if is_readable else record.number
        return record.display_name if is_readable else self.env._("Task %s", record.id)

    @api.model
    def _psa_grid_warnings(self, lines):
        """Return ``{day: what looks wrong}``."""
        warnings = {}
        for line in lines:
            if line.psa_flag_text:
                warnings.setdefault(DateField.to_string(line.date), line.psa_flag_text)
        return warnings
