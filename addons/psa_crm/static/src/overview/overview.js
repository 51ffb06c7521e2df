import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The sections of what is going on with a client; each row opens what it stands for. */
export class PsaOverview extends Component {
    static template = "psa_crm.Overview";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get sections() {
        return this.props.record.data[this.props.name]?.sections || [];
    }

    openRow(row) {
        if (!row.model) {
            return;
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: row.model,
            res_id: row.id,
            views: [[false, "form"]],
        });
    }

    openSection(section) {
        return this.action.doActionButton({
            type: "object",
            name: section.action,
            resModel: this.props.record.resModel,
            resId: this.props.record.resId,
            resIds: [this.props.record.resId],
            context: this.props.record.context,
        });
    }
}

registry.category("fields").add("psa_overview", {
    component: PsaOverview,
    supportedTypes: ["json"],
});
