import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

/** Where the work of each client stands, as a bar; each part opens the entries it is made of. */
export class Conservation extends Component {
    static template = "psa_billing.Conservation";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get sections() {
        return this.props.record.data[this.props.name]?.sections || [];
    }

    get standings() {
        return this.props.record.data[this.props.name]?.standings || [];
    }

    /** Parts that are there, each with its share of the bar; what is taken back has no length. */
    parts(bar) {
        const labels = Object.fromEntries(this.standings.map(({ key, label }) => [key, label]));
        const whole = bar.parts.reduce((sum, part) => sum + Math.max(part.seconds, 0), 0);
        return bar.parts
            .filter((part) => part.count)
            .map((part) => ({
                ...part,
                label: labels[part.key],
                share: whole ? (100 * Math.max(part.seconds, 0)) / whole : 0,
                title: _t("%(label)s: %(hours)s h, %(amount)s", {
                    label: labels[part.key],
                    hours: part.hours,
                    amount: part.amount,
                }),
            }));
    }

    figure(bar, key) {
        return bar.parts.find((part) => part.key === key);
    }

    open(section, bar, key) {
        if (bar.client_id === null) {
            return;
        }
        return this.action.doActionButton({
            type: "object",
            name: "action_view_standing",
            resModel: this.props.record.resModel,
            resId: this.props.record.resId,
            resIds: [this.props.record.resId],
            args: JSON.stringify([bar.client_id, section.currency_id, key]),
            context: this.props.record.context,
        });
    }
}

registry.category("fields").add("psa_conservation", {
    component: Conservation,
    supportedTypes: ["json"],
});
