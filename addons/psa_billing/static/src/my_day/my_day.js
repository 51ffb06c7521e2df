import { Component, onWillStart, onWillUnmount, useEffect, useState } from "@odoo/owl";
import { deserializeDate, deserializeDateTime } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { FormViewDialog } from "@web/views/view_dialogs/form_view_dialog";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { formatMinutes } from "../week_grid/duration";

const MODEL = "psa.work.timer";

/** What a technician looks at all day: what runs, what he entered today, and what waits for him. */
export class MyDay extends Component {
    static template = "psa_billing.MyDay";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.workTimer = useService("psa_work_timer");
        this.state = useState({ data: null, receivedAt: 0, now: 0 });
        this.running = useState(this.workTimer.state);
        this.format = formatMinutes;
        onWillStart(() => this.load());
        const ticker = setInterval(() => (this.state.now = Date.now()), 1000);
        onWillUnmount(() => clearInterval(ticker));
        // Started or stopped elsewhere, it shows here, too.
        useEffect(
            (receivedAt) => {
                if (receivedAt !== this.seen) {
                    this.seen = receivedAt;
                    this.load();
                }
            },
            () => [this.running.receivedAt]
        );
        this.seen = this.workTimer.state.receivedAt;
    }

    get data() {
        return this.state.data;
    }

    get title() {
        return deserializeDate(this.data.today).toFormat("cccc, d LLLL");
    }

    get workedMinutes() {
        return this.data.entries.reduce((sum, entry) => sum + entry.minutes, 0);
    }

    get billableMinutes() {
        return this.data.entries.reduce((sum, entry) => sum + entry.billable_minutes, 0);
    }

    get runningMinutes() {
        return this.data.timers.reduce((sum, timer) => sum + Math.floor(this.seconds(timer) / 60), 0);
    }

    seconds(timer) {
        const run = timer.is_running ? Math.max(0, Math.floor((this.state.now - this.state.receivedAt) / 1000)) : 0;
        return timer.seconds + run;
    }

    clock(timer) {
        const pad = (number) => String(number).padStart(2, "0");
        const seconds = this.seconds(timer);
        return `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
    }

    deadline(ticket) {
        return ticket.deadline && deserializeDateTime(ticket.deadline).toFormat("d LLL, HH:mm");
    }

    isLate(ticket) {
        return ticket.deadline && deserializeDateTime(ticket.deadline) < luxon.DateTime.now();
    }

    show(data) {
        this.state.data = data;
        this.state.receivedAt = this.state.now = Date.now();
    }

    async load() {
        this.show(await this.orm.call(MODEL, "get_my_day"));
    }

    async startOn(ticket) {
        this.show(await this.orm.call(MODEL, "start_on", ["psa.ticket", ticket.id]));
    }

    async press(timer, method) {
        const result = await this.orm.call(MODEL, method, [[timer.id]]);
        if (result && typeof result === "object" && result.type === "ir.actions.act_window") {
            await this.action.doAction(result, { onClose: () => this.load() });
        }
        await this.load();
    }

    openWork(model, id) {
        this.action.doAction({ type: "ir.actions.act_window", res_model: model, res_id: id, views: [[false, "form"]] });
    }

    editEntry(entry) {
        this.dialog.add(FormViewDialog, {
            resModel: "account.analytic.line",
            resId: entry.id,
            context: { form_view_ref: "psa_billing.view_account_analytic_line_form" },
            onRecordSaved: () => this.load(),
        });
    }

    openWeek() {
        this.action.doAction("psa_billing.action_psa_week_grid", { clearBreadcrumbs: true });
    }

    newEntry() {
        this.dialog.add(FormViewDialog, {
            resModel: "account.analytic.line",
            context: {
                form_view_ref: "psa_billing.view_account_analytic_line_form",
                default_date: this.data.today,
            },
            onRecordSaved: () => this.load(),
        });
    }
}

registry.category("actions").add("psa_my_day", MyDay);
