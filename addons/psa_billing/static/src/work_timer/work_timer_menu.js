import { Component, onWillUnmount, useState } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { session } from "@web/session";

/** The running timer at the top of every page, with what one does with it. */
export class WorkTimerMenu extends Component {
    static template = "psa_billing.WorkTimerMenu";
    static components = { Dropdown, DropdownItem };
    static props = [];

    setup() {
        this.action = useService("action");
        this.service = useService("psa_work_timer");
        this.timer = useState(this.service.state);
        this.clock = useState({ now: Date.now() });
        const ticker = setInterval(() => (this.clock.now = Date.now()), 10000);
        onWillUnmount(() => clearInterval(ticker));
    }

    get text() {
        const since = Math.max(0, Math.floor((this.clock.now - this.timer.receivedAt) / 1000));
        const minutes = Math.floor((this.timer.timer.seconds + since) / 60);
        return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
    }

    open() {
        const { res_model, res_id } = this.timer.timer;
        this.action.doAction({ type: "ir.actions.act_window", res_model, res_id, views: [[false, "form"]] });
    }

    openDay() {
        this.action.doAction("psa_billing.action_psa_my_day", { clearBreadcrumbs: true });
    }
}

if (session.psa_timer !== undefined) {
    registry.category("systray").add("psa_billing.WorkTimerMenu", { Component: WorkTimerMenu }, { sequence: 90 });
}
