import { composerActionsRegistry, registerComposerAction } from "@mail/core/common/composer_actions";
import { SuggestionService } from "@mail/core/common/suggestion_service";

import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

import { CannedDialog } from "./canned_dialog";

const isTicket = (thread) => thread?.model === "psa.ticket";

registerComposerAction("psa-canned-response", {
    condition: ({ composer }) => isTicket(composer.targetThread) && !composer.message,
    icon: "fa fa-file-text-o",
    name: _t("Canned Responses"),
    onSelected: ({ composer, owner }) =>
        owner.env.services.dialog.add(CannedDialog, {
            ticketId: composer.targetThread.id,
            onSelect: (response) => {
                composer.cannedResponses.push({ id: response.id, source: response.source, substitution: response.substitution });
                const text = composer.composerText;
                composer.insertText(`${text && !/\s$/.test(text) ? "\n" : ""}${response.substitution}`, text.length, {
                    moveCursorToEnd: true,
                });
                composer.autofocus++;
            },
        }),
    sequence: 5,
});

// Odoo's own button would insert the text as it is kept, with its placeholders.
const ofDiscuss = composerActionsRegistry.get("add-canned-response");
const { condition } = ofDiscuss;
ofDiscuss.condition = (parameters) => !isTicket(parameters.composer.targetThread) && condition(parameters);

/** “::” on a ticket offers what fits the ticket, filled in. */
patch(SuggestionService.prototype, {
    async fetchSuggestions({ delimiter }, { thread } = {}) {
        if (delimiter !== "::" || !isTicket(thread)) {
            return super.fetchSuggestions(...arguments);
        }
        const responses = await this.orm.silent.call("psa.ticket", "psa_canned_responses", [[thread.id]]);
        thread.psaCannedIds = new Set(responses.map(({ id }) => id));
        this.store["mail.canned.response"].insert(
            responses.map(({ id, source, substitution }) => ({ id, source, substitution }))
        );
    },

    searchSuggestions({ delimiter }, { thread } = {}) {
        const found = super.searchSuggestions(...arguments);
        if (delimiter === "::" && isTicket(thread) && thread.psaCannedIds && found?.suggestions) {
            found.suggestions = found.suggestions.filter(({ id }) => thread.psaCannedIds.has(id));
        }
        return found;
    },
});
