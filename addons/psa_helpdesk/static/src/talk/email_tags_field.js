import { Component, useState } from "@odoo/owl";

import { TagsList } from "@web/core/tags_list/tags_list";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { isEmail } from "@web/core/utils/strings";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const ADDRESS = /<([^<>]+)>\s*$/;

/** Split a line of addresses at its commas and semicolons, but not at those inside quotes. */
export function splitAddresses(text) {
    return (text || "").match(/(?:"(?:[^"\\]|\\.)*"|[^",;])+/g)?.map((part) => part.trim()).filter(Boolean) ?? [];
}

/** Return what of one entry is the address. */
export function bareAddress(entry) {
    return (entry.match(ADDRESS)?.[1] ?? entry).trim().toLowerCase();
}

/** E-mail addresses in one text, shown and changed as tags. */
export class EmailTagsField extends Component {
    static template = "psa_helpdesk.EmailTagsField";
    static components = { TagsList };
    static props = { ...standardFieldProps, placeholder: { type: String, optional: true } };

    setup() {
        this.state = useState({ isWrong: false });
    }

    get entries() {
        return splitAddresses(this.props.record.data[this.props.name]);
    }

    get tags() {
        return this.entries.map((entry, index) => ({
            id: index,
            text: bareAddress(entry),
            colorIndex: 0,
            onDelete: this.props.readonly ? undefined : () => this.remove(index),
        }));
    }

    update(entries) {
        return this.props.record.update({ [this.props.name]: entries.join(", ") || false });
    }

    remove(index) {
        return this.update(this.entries.filter((entry, position) => position !== index));
    }

    async add(input) {
        const added = splitAddresses(input.value.trim());
        if (!added.length) {
            this.state.isWrong = false;
            return;
        }
        this.state.isWrong = !added.every((entry) => isEmail(bareAddress(entry)));
        if (this.state.isWrong) {
            return;
        }
        const known = new Set(this.entries.map(bareAddress));
        input.value = "";
        await this.update([...this.entries, ...added.filter((entry) => !known.has(bareAddress(entry)))]);
    }

    onKeydown(ev) {
        if (["Enter", ",", ";"].includes(ev.key)) {
            ev.preventDefault();
            ev.stopPropagation();
            this.add(ev.target);
        } else if (ev.key === "Backspace" && !ev.target.value && this.entries.length) {
            this.remove(this.entries.length - 1);
        }
    }
}

registry.category("fields").add("psa_email_tags", {
    component: EmailTagsField,
    displayName: _t("E-mail Addresses"),
    supportedTypes: ["char"],
    extractProps: ({ placeholder }) => ({ placeholder }),
});
