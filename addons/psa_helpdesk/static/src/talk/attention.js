import { Component, onWillDestroy, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const HEARTBEAT = 20000;
const EXPIRY = 35000;
const { DateTime } = luxon;

/**
 * Says who else has the ticket open, and who is writing on it. The server is told that this one is open by one small
 * call every twenty seconds, and only while the page can be seen; news of others come over the bus.
 */
export class Attention extends Component {
    static template = "psa_helpdesk.Attention";
    static props = { ...standardWidgetProps };

    setup() {
        this.bus = useService("bus_service");
        this.talk = useService("psa_talk");
        this.state = useState({ others: {} });
        this.ticketId = false;
        this.onNews = this.onNews.bind(this);
        this.bus.subscribe("psa_ticket/presence", this.onNews);
        useBus(this.talk.bus, "WRITING", ({ detail }) => this.onWriting(detail));
        useBus(this.talk.bus, "SENT", ({ detail }) => this.onSent(detail));
        useRecordObserver((record) => this.attend(record.resId));
        this.timer = browser.setInterval(() => this.beat(), HEARTBEAT);
        this.onVisible = () => document.visibilityState === "visible" && this.beat();
        this.onHide = () => this.leave({ atOnce: true });
        document.addEventListener("visibilitychange", this.onVisible);
        browser.addEventListener("pagehide", this.onHide);
        onWillDestroy(() => {
            browser.clearInterval(this.timer);
            document.removeEventListener("visibilitychange", this.onVisible);
            browser.removeEventListener("pagehide", this.onHide);
            this.bus.unsubscribe("psa_ticket/presence", this.onNews);
            this.leave();
        });
    }

    attend(ticketId) {
        if (ticketId === this.ticketId) {
            return;
        }
        this.leave();
        this.ticketId = ticketId;
        if (ticketId) {
            this.talk.attend(ticketId);
        }
        this.isWriting = false;
        this.state.others = {};
        this.beat();
    }

    async beat() {
        const ticketId = this.ticketId;
        if (!ticketId || document.visibilityState !== "visible") {
            return;
        }
        let others;
        try {
            others = await this.talk.beat(ticketId, Boolean(this.isWriting));
        } catch {
            return; // The next beat tries again; nobody is to be disturbed for this.
        }
        if (ticketId === this.ticketId) {
            this.state.others = Object.fromEntries(
                others.map((other) => [other.id, { ...other, seenAt: DateTime.now().toMillis() }])
            );
        }
    }

    leave(options) {
        if (this.ticketId) {
            this.talk.leave(this.ticketId, options);
            this.ticketId = false;
        }
    }

    onWriting({ ticketId, isWriting }) {
        if (ticketId === this.ticketId && isWriting !== Boolean(this.isWriting)) {
            this.isWriting = isWriting;
            this.beat();
        }
    }

    /** An answer that waited has been sent: entries, service levels and stage may be others now. */
    async onSent({ ticketId }) {
        const { record } = this.props;
        if (ticketId === this.ticketId && !(await record.isDirty())) {
            await record.load();
        }
    }

    onNews(news) {
        if (news.ticket_id !== this.ticketId) {
            return;
        }
        if (news.is_here) {
            this.state.others[news.id] = { ...news, seenAt: DateTime.now().toMillis() };
        } else {
            delete this.state.others[news.id];
        }
    }

    get others() {
        const oldest = DateTime.now().toMillis() - EXPIRY;
        return Object.values(this.state.others).filter((other) => other.seenAt >= oldest);
    }

    get isSomebodyWriting() {
        return this.others.some((other) => other.is_writing);
    }

    avatar(other) {
        return `/web/image/res.partner/${other.partner_id}/avatar_128`;
    }
}

registry.category("view_widgets").add("psa_attention", { component: Attention });
