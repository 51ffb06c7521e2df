import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, onWillUnmount, onWillUpdateProps, useState } from "@odoo/owl";

/**
 * Shows seconds as h:mm:ss and lets them tick while the timer runs. The server knows the time; the ticking is
 * only for the eye, counted from the moment the value arrived.
 */
export class TimerField extends Component {
    static template = "psa_billing.TimerField";
    static props = {
        ...standardFieldProps,
        runningField: { type: String, optional: true },
        runningValue: { optional: true },
    };
    static defaultProps = { runningField: "is_running", runningValue: true };

    setup() {
        this.state = useState({ seconds: 0 });
        this.restart(this.props);
        onWillUpdateProps((props) => this.restart(props));
        this.ticker = setInterval(() => this.tick(), 1000);
        onWillUnmount(() => clearInterval(this.ticker));
    }

    restart(props) {
        const value = props.record.data[props.name];
        const running = this.isRunning(props);
        if (value !== this.received || running !== this.wasRunning) {
            this.received = value;
            this.wasRunning = running;
            this.receivedAt = Date.now();
        }
        this.tick(props);
    }

    tick(props = this.props) {
        const run = this.isRunning(props) ? Math.floor((Date.now() - this.receivedAt) / 1000) : 0;
        this.state.seconds = (this.received || 0) + run;
    }

    isRunning(props = this.props) {
        return props.record.data[props.runningField] === props.runningValue;
    }

    get text() {
        const pad = (number) => String(number).padStart(2, "0");
        const { seconds } = this.state;
        return `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
    }
}

export const timerField = {
    component: TimerField,
    displayName: _t("Timer"),
    supportedTypes: ["integer"],
    fieldDependencies: ({ options }) => [
        {
            name: options.running_field || "is_running",
            type: options.running_field ? "selection" : "boolean",
        },
    ],
    extractProps: ({ options }) => ({
        runningField: options.running_field || "is_running",
        runningValue: options.running_value === undefined ? true : options.running_value,
    }),
};

registry.category("fields").add("psa_timer", timerField);
