import { createFileViewer } from "@web/core/file_viewer/file_viewer_hook";
import { FileModel } from "@web/core/file_viewer/file_model";
import { registry } from "@web/core/registry";

/** A version of a document: its file comes from the route that checks the access and logs it. */
export class DocumentVersionFile extends FileModel {
    get urlRoute() {
        return `/psa/documents/version/${this.id}`;
    }

    get urlQueryParams() {
        return {};
    }
}

const viewer = createFileViewer();

function previewDocument(env, action) {
    const { version_id, name, mimetype } = action.params;
    viewer.open(Object.assign(new DocumentVersionFile(), { id: version_id, name, mimetype, type: "binary" }));
}

registry.category("actions").add("psa_document_preview", previewDocument);
