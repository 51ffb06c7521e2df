import { Component, onWillStart, useState } from "@odoo/owl";

import { Dialog } from "@web/core/dialog/dialog";
import { useAutofocus, useService } from "@web/core/utils/hooks";

/** The kept answers for a ticket, as the client would read them: type to find one, click to take it over. */
export class CannedDialog extends Component {
    static template = "psa_helpdesk.CannedDialog";
    static components = { Dialog };
    static props = { ticketId: Number, onSelect: Function, close: Function };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ responses: [], search: "" });
        useAutofocus();
        onWillStart(async () => {
            this.state.responses = await this.orm.call("psa.ticket", "psa_canned_responses", [[this.props.ticketId]]);
        });
    }

    get shown() {
        const words = this.state.search.toLowerCase().split(/\s+/).filter(Boolean);
        return this.state.responses.filter((response) => {
            const text = `${response.source} ${response.substitution}`.toLowerCase();
            return words.every((word) => text.includes(word));
        });
    }

    select(response) {
        this.props.onSelect(response);
        this.props.close();
    }

    onKeydown(ev) {
        if (ev.key === "Enter" && this.shown.length) {
            ev.preventDefault();
            this.select(this.shown[0]);
        }
    }

    manage() {
        this.props.close();
        this.action.doAction("psa_helpdesk.action_psa_canned_response");
    }
}
