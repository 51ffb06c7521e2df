import { Component, onWillUpdateProps, useState } from "@odoo/owl";

import { formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { useTicker } from "./ticker";

const { DateTime } = luxon;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two units are enough for anybody; seconds only where they matter. */
export function spell(seconds) {
    const total = Math.floor(Math.abs(seconds));
    const days = Math.floor(total / DAY);
    const hours = Math.floor((total % DAY) / HOUR);
    const minutes = Math.floor((total % HOUR) / MINUTE);
    const pad = (number) => String(number).padStart(2, "0");
    if (days) {
        return _t("%(days)sd %(hours)sh", { days, hours });
    }
    if (hours) {
        return _t("%(hours)sh %(minutes)sm", { hours, minutes: pad(minutes) });
    }
    return _t("%(minutes)sm %(seconds)ss", { minutes, seconds: pad(total % MINUTE) });
}

/**
 * Counts down to when the next target of a ticket is due, second by second, without asking the server. What is due when,
 * the server has reckoned; the time zone is that of who looks.
 */
export class SlaCountdown extends Component {
    static template = "psa_helpdesk.SlaCountdown";
    static props = { ...standardFieldProps, short: { type: Boolean, optional: true } };

    setup() {
        this.state = useState(this.reckon(this.props));
        useTicker(() => Object.assign(this.state, this.reckon(this.props)));
        onWillUpdateProps((props) => {
            Object.assign(this.state, this.reckon(props));
        });
    }

    reckon(props) {
        const { sla_state: slaState, sla_kind: kind, sla_due_at: dueAt, sla_warn_at: warnAt } = props.record.data;
        const { sla_remaining_seconds: left, sla_missed_names: missed } = props.record.data;
        const target = kind ? this.kindLabel(props, kind) : "";
        // What was missed before stays in sight, though something else presses now.
        const before = missed ? `\n${_t("Missed: %s", missed)}` : "";
        const title = (dueAt ? _t("%(target)s due %(date)s", { target, date: formatDateTime(dueAt) }) : target) + before;
        if (!slaState) {
            return { shown: false, text: "", title: "", target: "", tone: "", icon: "" };
        }
        if (slaState === "met") {
            return { shown: true, text: _t("Met"), title: _t("All targets were met"), target: "", tone: "success", icon: "fa-check" };
        }
        if (slaState === "paused") {
            const text = left < 0 ? _t("%s over", spell(left)) : _t("%s left", spell(left));
            return { shown: true, text, title: _t("%s is paused", target) + before, target, tone: "muted", icon: "fa-pause" };
        }
        if (!dueAt) {
            if (slaState === "missed") {
                const text = missed ? _t("Missed: %s", missed) : _t("Missed");
                return { shown: true, text, title: text, target: "", tone: "danger", icon: "fa-exclamation-circle" };
            }
            const text = _t("Never due");
            return { shown: true, text, title: title || text, target, tone: "warning", icon: "fa-exclamation-circle" };
        }
        const now = DateTime.now();
        const seconds = dueAt.diff(now).as("seconds");
        if (seconds <= 0) {
            return { shown: true, text: _t("%s over", spell(seconds)), title, target, tone: "danger", icon: "fa-fire" };
        }
        const tone = warnAt && warnAt <= now ? "warning" : "success";
        return { shown: true, text: spell(seconds), title, target, tone, icon: "fa-clock-o" };
    }

    kindLabel(props, kind) {
        const options = props.record.fields.sla_kind?.selection || [];
        return options.find(([value]) => value === kind)?.[1] || kind;
    }
}

const text = (name, type) => ({ name, type });

registry.category("fields").add("psa_sla_countdown", {
    component: SlaCountdown,
    displayName: _t("SLA Countdown"),
    supportedTypes: ["datetime"],
    fieldDependencies: [
        text("sla_missed_names", "char"),
        text("sla_state", "selection"),
        text("sla_kind", "selection"),
        text("sla_warn_at", "datetime"),
        text("sla_remaining_seconds", "integer"),
    ],
    extractProps: ({ options }) => ({ short: Boolean(options.short) }),
    isEmpty: () => false,
});
