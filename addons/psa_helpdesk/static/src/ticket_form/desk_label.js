import { patch } from "@web/core/utils/patch";
import { FormLabel } from "@web/views/form/form_label";

/**
 * A ticket's fields are called as its desk calls them, also while the desk changes on an open form: the record carries
 * the labels of its desk in `attribute_settings`. Labels of all other records stay as they are.
 */
patch(FormLabel.prototype, {
    get deskLabel() {
        const { record, fieldName } = this.props;
        return record.resModel === "psa.ticket" && record.data.attribute_settings?.labels?.[fieldName];
    },

    get labelText() {
        return this.deskLabel ? this.deskLabel.label : this.props.string;
    },

    get isMarkedAsRequired() {
        return Boolean(this.deskLabel?.mark);
    },

    get tooltipHelp() {
        return this.deskLabel ? this.deskLabel.help : super.tooltipHelp;
    },
});
