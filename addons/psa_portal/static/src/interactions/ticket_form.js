import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

/**
 * Says before the upload that the files are too large, sends the form only once, and offers the subcategories of the
 * chosen category only.
 */
export class TicketForm extends Interaction {
    static selector = ".o_psa_ticket_form";
    dynamicContent = {
        ".o_psa_files": {
            "t-on-change": this.onFilesChange,
            "t-att-class": () => ({ "is-invalid": this.isTooLarge }),
        },
        "select[name='category']": { "t-on-change": this.onCategoryChange },
        "select[name='subcategory']": { "t-att-disabled": () => !this.hasSubcategories },
        ".o_psa_files_error": { "t-att-class": () => ({ "d-block": this.isTooLarge }) },
        ".o_psa_submit": { "t-att-disabled": () => this.isTooLarge || this.isSending },
        _root: { "t-on-submit": this.onSubmit },
    };

    setup() {
        this.isTooLarge = false;
        this.isSending = false;
        this.hasSubcategories = true;
        this.categories = this.el.querySelector("select[name='category']");
        this.subcategories = this.el.querySelector("select[name='subcategory']");
        this.onCategoryChange();
    }

    onCategoryChange() {
        if (!this.categories || !this.subcategories) {
            return;
        }
        const options = [...this.subcategories.options].filter((option) => option.value);
        for (const option of options) {
            const belongs = option.dataset.parent === this.categories.value;
            option.hidden = !belongs;
            option.disabled = !belongs;
            if (!belongs && option.selected) {
                this.subcategories.value = "";
            }
        }
        this.hasSubcategories = options.some((option) => !option.hidden);
    }

    onFilesChange(ev) {
        const limit = Number(this.el.dataset.maxUploadMb) * 1024 * 1024;
        const size = [...ev.currentTarget.files].reduce((sum, file) => sum + file.size, 0);
        this.isTooLarge = size > limit;
    }

    onSubmit(ev) {
        if (this.isTooLarge || this.isSending) {
            ev.preventDefault();
            return;
        }
        this.isSending = true;
    }
}

registry.category("public.interactions").add("psa_portal.ticket_form", TicketForm);
