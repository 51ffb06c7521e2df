import { Component, onWillStart, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { deserializeDate, serializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { FormViewDialog } from "@web/views/view_dialogs/form_view_dialog";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { formatMinutes, parseDuration } from "./duration";

const MODEL = "psa.time.week";
const STATES = {
    draft: { label: _t("Open"), class: "text-bg-info" },
    submitted: { label: _t("To Approve"), class: "text-bg-warning" },
    approved: { label: _t("Approved"), class: "text-bg-success" },
};

/** A week of time: rows are tickets and tasks, columns days, cells are typed in. On a phone it shows one day. */
export class WeekGrid extends Component {
    static template = "psa_billing.WeekGrid";
    static components = { Layout, RecordSelector };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.ui = useService("ui");
        const params = this.props.action?.params || {};
        const kept = this.props.state?.week || {};
        this.state = useState({
            date: kept.date || params.date || false,
            userId: kept.userId || params.user_id || false,
            dayIndex: 0,
            people: [],
            adding: false,
            row: { ticket_id: false, task_id: false, work_type_id: false },
            data: null,
            // Inputs are built anew when what was typed is thrown away.
            version: 0,
        });
        this.format = formatMinutes;
        useSetupAction({
            getLocalState: () => ({ week: { date: this.state.date, userId: this.state.userId } }),
        });
        onWillStart(async () => {
            await this.load();
            if (this.data.can_see_others) {
                this.state.people = await this.orm.call(MODEL, "get_people");
            }
        });
    }

    get data() {
        return this.state.data;
    }

    get days() {
        return this.data.days.map((date, index) => {
            const day = deserializeDate(date);
            return {
                date,
                index,
                weekday: day.toFormat("ccc"),
                label: day.toFormat("d LLL"),
                isToday: date === this.data.today,
                minutes: this.data.rows.reduce((sum, row) => sum + row.cells[index].minutes, 0),
                warning: this.data.day_warnings[date],
            };
        });
    }

    get shownDays() {
        return this.ui.isSmall ? [this.days[this.state.dayIndex]] : this.days;
    }

    get total() {
        return this.days.reduce((sum, day) => sum + day.minutes, 0);
    }

    get title() {
        const first = deserializeDate(this.data.date_from);
        const last = first.plus({ days: 6 });
        return `${first.toFormat(first.month === last.month ? "d" : "d LLL")} – ${last.toFormat("d LLL yyyy")}`;
    }

    get returned() {
        return this.data.weeks.filter((week) => week.return_reason && week.state === "draft");
    }

    rowTotal(row) {
        return row.cells.reduce((sum, cell) => sum + cell.minutes, 0);
    }

    stateOf(week) {
        return STATES[week.state];
    }

    show(data) {
        this.state.data = data;
        this.state.date = data.date_from;
        this.state.version++;
        const today = data.days.indexOf(data.today);
        if (today >= 0 && !this.shownOnce) {
            this.state.dayIndex = today;
        }
        this.shownOnce = true;
    }

    async load() {
        this.show(await this.orm.call(MODEL, "get_grid", [this.state.date, this.state.userId]));
    }

    async move(weeks) {
        const date = weeks ? deserializeDate(this.data.date_from).plus({ weeks }) : luxon.DateTime.now();
        this.state.date = serializeDate(date);
        await this.load();
    }

    async choosePerson(ev) {
        this.state.userId = Number(ev.target.value);
        await this.load();
    }

    /** Save what was typed into a cell; what is no time is refused at once. */
    async save(row, cell, ev) {
        const minutes = parseDuration(ev.target.value);
        if (minutes === null) {
            this.notification.add(
                _t("“%s” is no time. Type for instance 1:30, 1.5 or 90m, at most 24:00.", ev.target.value),
                { type: "danger" }
            );
            ev.target.value = formatMinutes(cell.minutes);
            return;
        }
        if (minutes === cell.minutes) {
            ev.target.value = formatMinutes(cell.minutes);
            return;
        }
        if (!minutes && cell.note) {
            // Text would be lost with the entry.
            this.dialog.add(ConfirmationDialog, {
                title: _t("Delete the entry?"),
                body: _t("The entry says “%s”.", cell.note),
                confirmLabel: _t("Delete"),
                confirm: () => this.store(row, cell, 0),
                cancel: () => this.state.version++,
            });
            return;
        }
        await this.store(row, cell, minutes);
    }

    async store(row, cell, minutes) {
        const change = {
            ticket_id: row.ticket_id,
            task_id: row.task_id,
            project_id: row.project_id,
            work_type_id: row.work_type_id,
            date: cell.date,
            minutes,
        };
        try {
            this.show(await this.orm.call(MODEL, "save_grid", [this.data.date_from, [change], this.state.userId]));
        } catch (error) {
            this.state.version++;
            throw error;
        }
    }

    /** Enter goes on to the next cell below, as in a spreadsheet. */
    onKeydown(ev) {
        if (ev.key !== "Enter") {
            return;
        }
        ev.preventDefault();
        const { column, line } = ev.target.dataset;
        ev.target.blur();
        const below = document.querySelector(
            `.o_psa_week_cell input[data-column="${column}"][data-line="${Number(line) + 1}"]`
        );
        below?.focus();
    }

    /** Open the entry of a cell, all of them in a list, or a new one. */
    async openCell(row, cell) {
        if (cell.ids.length > 1) {
            return this.action.doAction(await this.orm.call(MODEL, "open_entries", [cell.ids]));
        }
        this.dialog.add(FormViewDialog, {
            resModel: "account.analytic.line",
            resId: cell.ids[0] || false,
            title: cell.ids.length ? _t("Time Entry") : _t("New Time Entry"),
            context: {
                form_view_ref: "psa_billing.view_account_analytic_line_form",
                default_date: cell.date,
                default_user_id: this.data.user.id,
                ...(row.ticket_id ? { default_psa_ticket_id: row.ticket_id } : {}),
                ...(row.task_id ? { default_task_id: row.task_id } : {}),
                ...(row.project_id ? { default_project_id: row.project_id } : {}),
                ...(row.work_type_id ? { default_psa_work_type_id: row.work_type_id } : {}),
            },
            onRecordSaved: () => this.load(),
        });
    }

    openRow(row) {
        const [model, id] = row.ticket_id
            ? ["psa.ticket", row.ticket_id]
            : row.task_id
              ? ["project.task", row.task_id]
              : ["project.project", row.project_id];
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: id,
            views: [[false, "form"]],
        });
    }

    setRow(name, id) {
        this.state.row[name] = id;
        if (id && name === "ticket_id") {
            this.state.row.task_id = false;
        } else if (id && name === "task_id") {
            this.state.row.ticket_id = false;
        }
    }

    get keptRows() {
        return this.data.rows.map(({ ticket_id, task_id, project_id, work_type_id }) => ({
            ticket_id,
            task_id,
            project_id,
            work_type_id,
        }));
    }

    async addRow() {
        const { ticket_id, task_id, work_type_id } = this.state.row;
        if (!ticket_id && !task_id) {
            this.notification.add(_t("Choose a ticket or a task for the new row."), { type: "warning" });
            return;
        }
        const row = { ticket_id: ticket_id || 0, task_id: task_id || 0, project_id: 0, work_type_id: work_type_id || 0 };
        this.show(await this.orm.call(MODEL, "save_rows", [this.data.date_from, [...this.keptRows, row]]));
        this.state.row = { ticket_id: false, task_id: false, work_type_id: false };
        this.state.adding = false;
    }

    async removeRow(row) {
        const kept = this.keptRows.filter((other, index) => this.data.rows[index].key !== row.key);
        this.show(await this.orm.call(MODEL, "save_rows", [this.data.date_from, kept]));
    }

    async copyLastWeek() {
        const before = this.data.rows.length;
        this.show(await this.orm.call(MODEL, "copy_last_week", [this.data.date_from]));
        if (this.data.rows.length === before) {
            this.notification.add(_t("Last week has no rows that are not here already."), { type: "info" });
        }
    }

    async submit() {
        this.show(await this.orm.call(MODEL, "submit_grid", [this.data.date_from]));
        this.notification.add(_t("The week is handed in."), { type: "success" });
    }

    async decide(method) {
        const result = await this.orm.call(MODEL, method, [this.data.weeks.map((week) => week.id)]);
        if (typeof result === "object") {
            return this.action.doAction(result, { onClose: () => this.load() });
        }
        await this.load();
    }

    get isLocked() {
        return this.data.weeks.some((week) => week.is_locked);
    }
}

registry.category("actions").add("psa_week_grid", WeekGrid);
