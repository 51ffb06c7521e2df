import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

/** Says before the upload that the files are too large, and sends the form only once. */
export class TicketForm extends Interaction {
    static selector = ".o_psa_ticket_form";
    dynamicContent = {
        ".o_psa_files": {
            "t-on-change": this.onFilesChange,
            "t-att-class": () => ({ "is-invalid": this.isTooLarge }),
        },
        ".o_psa_files_error": { "t-att-class": () => ({ "d-block": this.isTooLarge }) },
        ".o_psa_submit": { "t-att-disabled": () => this.isTooLarge || this.isSending },
        _root: { "t-on-submit": this.onSubmit },
    };

    setup() {
        this.isTooLarge = false;
        this.isSending = false;
    }

    onFilesChange(ev) {
        const megabyte = 1024 * 1024;
        const { maxUploadMb, maxFileMb } = this.el.dataset;
        const files = [...ev.currentTarget.files];
        const size = files.reduce((sum, file) => sum + file.size, 0);
        this.isTooLarge =
            size > Number(maxUploadMb) * megabyte || files.some((file) => file.size > Number(maxFileMb) * megabyte);
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
