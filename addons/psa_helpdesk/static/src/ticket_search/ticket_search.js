import { Component, onMounted, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { deserializeDateTime, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const PAGE = 20;
// What was searched last in this tab: going back from a ticket shows it again.
const MEMORY = "psa_ticket_search";
const REMEMBERED = ["typed", "places", "filters", "order", "offset", "showFilters"];
const STATE_CLASS = {
    new: "text-bg-info",
    open: "text-bg-primary",
    waiting: "text-bg-warning",
    on_hold: "text-bg-warning",
    resolved: "text-bg-success",
    closed: "text-bg-light",
    cancelled: "text-bg-light",
};

/** One box to find tickets by the words in them; arrows walk through the hits, Enter opens one. */
export class TicketSearch extends Component {
    static template = "psa_helpdesk.TicketSearch";
    static components = { Layout, RecordSelector };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.box = useRef("box");
        this.hits = useRef("hits");
        this.keepLast = new KeepLast();
        this.places = [
            { key: "summary", label: _t("Subject") },
            { key: "description", label: _t("Descriptions") },
            { key: "comment", label: _t("Comments") },
            { key: "resolution", label: _t("Resolutions") },
        ];
        this.kinds = { description: _t("Description"), comment: _t("Comment"), resolution: _t("Resolution") };
        this.state = useState({
            typed: "",
            places: { summary: true, description: true, comment: true, resolution: true },
            filters: { state: "", client_id: false, desk_id: false, date_from: "", date_to: "" },
            order: "recent",
            offset: 0,
            result: null,
            searching: false,
            showFilters: false,
            ...(this.props.state?.search || this.recall()),
        });
        useSetupAction({ getLocalState: () => ({ search: { ...this.state, searching: false } }) });
        this.searchSoon = useDebounced(() => this.search(), 400);
        onMounted(() => {
            this.box.el.focus();
            this.box.el.select();
            if (this.state.typed && !this.state.result) {
                this.search(this.state.offset);
            }
        });
    }

    recall() {
        try {
            return JSON.parse(browser.sessionStorage.getItem(MEMORY)) || {};
        } catch {
            return {};
        }
    }

    remember() {
        const search = Object.fromEntries(REMEMBERED.map((name) => [name, this.state[name]]));
        browser.sessionStorage.setItem(MEMORY, JSON.stringify(search));
    }

    get chosenPlaces() {
        return this.places.map(({ key }) => key).filter((key) => this.state.places[key]);
    }

    get range() {
        const { result, offset } = this.state;
        return `${offset + 1}-${offset + result.rows.length} / ${result.count}${result.more ? "+" : ""}`;
    }

    get hasNext() {
        const { result, offset } = this.state;
        return result.rows.length === PAGE && (result.more || offset + PAGE < result.count);
    }

    get filterCount() {
        return Object.values(this.state.filters).filter(Boolean).length;
    }

    stateClass(state) {
        return STATE_CLASS[state];
    }

    formatDate(value) {
        return formatDate(deserializeDateTime(value));
    }

    async search(offset = 0) {
        if (!this.state.typed.trim()) {
            this.state.result = null;
            return;
        }
        this.state.searching = true;
        try {
            const result = await this.keepLast.add(
                this.orm.call("psa.ticket", "psa_search", [], {
                    typed: this.state.typed,
                    places: this.chosenPlaces,
                    filters: { ...this.state.filters },
                    order: this.state.order,
                    offset,
                    limit: PAGE,
                })
            );
            Object.assign(this.state, { result, offset });
            this.remember();
        } finally {
            this.state.searching = false;
        }
    }

    turn(pages) {
        return this.search(Math.max(0, this.state.offset + pages * PAGE));
    }

    togglePlace(key) {
        this.state.places[key] = !this.state.places[key];
        // Nowhere is no place to search in.
        if (!this.chosenPlaces.length) {
            this.state.places[key] = true;
        }
        return this.search();
    }

    setFilter(name, value) {
        this.state.filters[name] = value;
        return this.search();
    }

    setOrder(order) {
        this.state.order = order;
        return this.search();
    }

    clearFilters() {
        Object.assign(this.state.filters, { state: "", client_id: false, desk_id: false, date_from: "", date_to: "" });
        return this.search();
    }

    open(row) {
        return this.action.doAction(
            { type: "ir.actions.act_window", res_model: "psa.ticket", res_id: row.id, views: [[false, "form"]] },
            { props: { resIds: this.state.result.rows.map(({ id }) => id) } }
        );
    }

    onBoxKeydown(ev) {
        if (ev.key === "Enter") {
            this.search();
        } else if (ev.key === "ArrowDown") {
            this.focusHit(0);
        } else if (ev.key === "Escape") {
            Object.assign(this.state, { typed: "", result: null, offset: 0 });
        } else {
            return;
        }
        ev.preventDefault();
    }

    onHitKeydown(ev, index) {
        if (ev.key === "ArrowDown") {
            this.focusHit(index + 1);
        } else if (ev.key === "ArrowUp") {
            this.focusHit(index - 1);
        } else if (ev.key === "PageDown" && this.hasNext) {
            this.turn(1).then(() => this.focusHit(0));
        } else if (ev.key === "PageUp" && this.state.offset) {
            this.turn(-1).then(() => this.focusHit(0));
        } else {
            return;
        }
        ev.preventDefault();
    }

    focusHit(index) {
        if (index < 0) {
            return this.box.el.focus();
        }
        this.hits.el?.querySelectorAll(".o_psa_search_hit")[index]?.focus();
    }
}

registry.category("actions").add("psa_ticket_search", TicketSearch);
