import { Component, useState } from "@odoo/owl";

import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** The macros that fit the ticket on the form, each one click away. */
export class Macros extends Component {
    static template = "psa_helpdesk.Macros";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.state = useState({ macros: [], isLoaded: false });
        this.load = this.load.bind(this);
    }

    async load() {
        this.state.macros = await this.orm.call("psa.ticket", "psa_macros", [[this.props.record.resId]]);
        this.state.isLoaded = true;
    }

    choose(macro) {
        if (!macro.needs_confirmation) {
            return this.run(macro);
        }
        this.dialog.add(ConfirmationDialog, {
            title: _t("Run “%s”?", macro.name),
            body: macro.description || _t("The macro changes this ticket."),
            confirmLabel: _t("Run"),
            confirm: () => this.run(macro),
            cancel: () => {},
        });
    }

    async run(macro) {
        const { record } = this.props;
        if ((await record.isDirty()) && !(await record.save())) {
            return;
        }
        await this.orm.call("psa.ticket", "action_run_macro", [[record.resId], macro.id]);
        await record.load();
        this.notification.add(_t("“%s” is done.", macro.name), { type: "success" });
        // What the macro wrote is in the conversation.
        const thread = this.env.services["mail.store"]?.Thread.insert({ model: "psa.ticket", id: record.resId });
        thread?.fetchThreadData?.(["messages", "followers"]);
    }
}

registry.category("view_widgets").add("psa_macros", { component: Macros });
