import { Component, useState } from "@odoo/owl";

import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** What else is going on with the client of a ticket, fetched once the form is there: it never waits for it. */
export class ClientContext extends Component {
    static template = "psa_helpdesk.ClientContext";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ sections: [], open: {} });
        this.asked = undefined;
        useRecordObserver((record) => this.load(record.data.client_id?.id || false, record.resId || false));
    }

    async load(clientId, ticketId) {
        const asked = `${clientId}/${ticketId}`;
        if (asked === this.asked) {
            return;
        }
        this.asked = asked;
        const sections = clientId
            ? await this.orm.silent.call("psa.ticket", "client_context", [clientId, ticketId])
            : [];
        if (asked === this.asked) {
            this.state.sections = sections;
            // The ticket itself is what he came for: only the first list is unfolded.
            this.state.open = Object.fromEntries(
                sections.map((section, index) => [section.key, index === 0 && section.rows.length > 0])
            );
        }
    }

    toggle(section) {
        this.state.open[section.key] = !this.state.open[section.key];
    }

    openRow(row) {
        if (!row.model) {
            return undefined;
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: row.model,
            res_id: row.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("view_widgets").add("psa_client_context", {
    component: ClientContext,
    fieldDependencies: [{ name: "client_id", type: "many2one", relation: "res.partner" }],
});
