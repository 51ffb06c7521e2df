import { useEffect, useState } from "@odoo/owl";

import { Composer } from "@mail/core/common/composer";

import { patch } from "@web/core/utils/patch";

/** Who is about to answer on a ticket is told if nobody outside would get it. */
patch(Composer.prototype, {
    setup() {
        super.setup();
        this.psaReach = useState({ text: "" });
        useEffect(
            (ticketId) => {
                this.askPsaReach(ticketId);
            },
            () => [this.psaAnsweredTicketId, this.thread?.followersCount, this.thread?.suggestedRecipients?.length]
        );
    },

    get psaAnsweredTicketId() {
        return this.isOnTicket && this.props.type !== "note" && this.thread.id;
    },

    get psaUnreached() {
        const { additionalRecipients, suggestedRecipients } = this.thread || {};
        return additionalRecipients?.length || suggestedRecipients?.length ? "" : this.psaReach.text;
    },

    async askPsaReach(ticketId) {
        this.psaReach.text = "";
        if (!ticketId) {
            return;
        }
        const text = await this.env.services.orm.silent.call("psa.ticket", "psa_unreached", [[ticketId]]);
        if (ticketId === this.psaAnsweredTicketId) {
            this.psaReach.text = text;
        }
    },
});
