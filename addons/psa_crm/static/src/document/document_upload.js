import { _t } from "@web/core/l10n/translation";
import { useDropzone } from "@web/core/dropzone/dropzone_hook";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { useRef } from "@odoo/owl";

const ROUTE = "/psa/documents/upload";

/** Files chosen with the button or dropped on the view become documents, one of each. */
const DocumentUpload = (Controller) =>
    class extends Controller {
        setup() {
            super.setup();
            this.documentHttp = useService("http");
            this.documentNotification = useService("notification");
            this.documentAction = useService("action");
            this.documentFileInput = useRef("documentFileInput");
            useDropzone(
                useRef("root"),
                (ev) => this.uploadDocuments([...ev.dataTransfer.files]),
                "o_psa_document_dropzone",
                () => this.activeActions?.create ?? this.props.archInfo.activeActions.create
            );
        }

        onDocumentFilesChosen() {
            const files = [...this.documentFileInput.el.files];
            // Choosing the same file again must be noticed.
            this.documentFileInput.el.value = "";
            return this.uploadDocuments(files);
        }

        async uploadDocuments(files) {
            if (!files.length) {
                return;
            }
            const params = { csrf_token: odoo.csrf_token, ufile: files };
            for (const name of ["client_id", "type_id"]) {
                const value = this.props.context[`default_${name}`];
                if (value) {
                    params[name] = value;
                }
            }
            let answer;
            try {
                answer = await this.documentHttp.post(ROUTE, params);
            } catch {
                answer = { ids: [], refusals: [_t("The files could not be sent. Check their size and your connection.")] };
            }
            for (const refusal of answer.refusals) {
                this.documentNotification.add(refusal, { type: "danger", sticky: true });
            }
            if (answer.ids.length === 1) {
                // One document: its type and dates are the next thing to say.
                await this.documentAction.doAction({
                    type: "ir.actions.act_window",
                    res_model: "psa.document",
                    res_id: answer.ids[0],
                    views: [[false, "form"]],
                });
            } else if (answer.ids.length) {
                this.documentNotification.add(_t("%s documents were added.", answer.ids.length), { type: "success" });
                // An empty library shows samples, and what is among them cannot be clicked.
                this.model.useSampleModel = false;
                await this.model.load();
            }
        }
    };

export class DocumentListController extends DocumentUpload(ListController) {
    static template = "psa_crm.DocumentListView";
}

export class DocumentKanbanController extends DocumentUpload(KanbanController) {
    static template = "psa_crm.DocumentKanbanView";
}

registry.category("views").add("psa_document_list", { ...listView, Controller: DocumentListController });
registry.category("views").add("psa_document_kanban", { ...kanbanView, Controller: DocumentKanbanController });
