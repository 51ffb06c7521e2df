import { Component, useExternalListener, useRef, useState } from "@odoo/owl";

import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const DELAY = 350;

/** Shows what the client has open already that sounds like the subject being typed. */
export class Similar extends Component {
    static template = "psa_helpdesk.Similar";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ tickets: [] });
        this.asked = "";
        this.lookSoon = useDebounced(() => this.look(), DELAY);
        // The subject reaches the record when the field is left; while it is typed, the field itself is listened to.
        this.typed = undefined;
        this.lastName = undefined;
        useRecordObserver((record) => {
            void record.data.name;
            void record.data.client_id;
            void record.data.partner_id;
            if (record.data.name !== this.lastName) {
                this.lastName = record.data.name;
                this.typed = undefined;
            }
            this.lookSoon();
        });
        this.root = useRef("root");
        useExternalListener(document, "input", (ev) => this.onInput(ev), { capture: true });
    }

    onInput(ev) {
        const form = this.root.el?.closest(".o_form_renderer");
        if (form?.contains(ev.target) && ev.target.closest(".o_field_widget[name='name']")) {
            this.onType(ev.target.value);
        }
    }

    onType(text) {
        this.typed = text;
        this.lookSoon();
    }

    async look() {
        const { data, resId } = this.props.record;
        const name = this.typed ?? data.name ?? "";
        const clientId = data.client_id?.id || false;
        const partnerId = data.partner_id?.id || false;
        const question = JSON.stringify([name, clientId, partnerId, resId]);
        if (question === this.asked) {
            return;
        }
        this.asked = question;
        if (name.trim().length < 4 || !(clientId || partnerId)) {
            this.state.tickets = [];
            return;
        }
        const tickets = await this.orm.silent.call("psa.ticket", "psa_similar_open", [name], {
            client_id: clientId,
            partner_id: partnerId,
            ticket_id: resId || false,
        });
        if (question === this.asked) {
            this.state.tickets = tickets;
        }
    }

    href(ticket) {
        return `/odoo/tickets/${ticket.id}`;
    }
}

registry.category("view_widgets").add("psa_similar", {
    component: Similar,
    fieldDependencies: [
        { name: "name", type: "char" },
        { name: "client_id", type: "many2one", relation: "res.partner" },
        { name: "partner_id", type: "many2one", relation: "res.partner" },
    ],
});
