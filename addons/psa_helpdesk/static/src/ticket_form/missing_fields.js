import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";
import { Record } from "@web/model/relational_model/record";

/** A ticket that cannot be saved yet says what is missing, in the words of its desk. */
patch(Record.prototype, {
    _displayInvalidFieldNotification() {
        if (this.resModel !== "psa.ticket" || !this._invalidFields.size) {
            return super._displayInvalidFieldNotification();
        }
        const labels = this.data.attribute_settings?.labels || {};
        const missing = [...this._invalidFields].map(
            (name) => labels[name]?.label || this.fields[name]?.string || name
        );
        return this.model.notification.add(_t("Please fill in: %s", missing.join(", ")), { type: "danger" });
    },
});
