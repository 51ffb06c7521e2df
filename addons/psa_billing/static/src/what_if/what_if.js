import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

/** The figures of both sides beside each other, and the revenue of each month as a pair of bars. */
export class WhatIf extends Component {
    static template = "psa_billing.WhatIf";
    static props = { ...standardFieldProps };

    get rows() {
        return this.props.record.data[this.props.name]?.rows || [];
    }

    get months() {
        return this.props.record.data[this.props.name]?.months || [];
    }
}

registry.category("fields").add("psa_what_if", {
    component: WhatIf,
    supportedTypes: ["json"],
});
