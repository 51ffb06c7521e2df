import { markup } from "@odoo/owl";

import { Chatter } from "@mail/chatter/web_portal/chatter";

import { browser } from "@web/core/browser/browser";
import { isHtmlEmpty } from "@web/core/utils/html";
import { patch } from "@web/core/utils/patch";

import { rememberMentions } from "./mentions";

/** When a ticket is opened, the text one had begun to write is there again. */
patch(Chatter.prototype, {
    changeThread(threadModel, threadId) {
        super.changeThread(...arguments);
        if (threadModel === "psa.ticket" && threadId && this.env.services.psa_talk) {
            this.restoreTicketDraft(this.state.thread);
        }
    },

    async restoreTicketDraft(thread) {
        const talk = this.env.services.psa_talk;
        let draft;
        try {
            draft = await talk.open(thread.id);
        } catch {
            return;
        }
        const { composer } = thread;
        if (!draft || !this.state.thread?.eq(thread) || !isHtmlEmpty(composer.composerHtml)) {
            return;
        }
        thread.psaHasDraft = true;
        // What is in the browser was not on its way to the server yet, so it is newer.
        if (!browser.localStorage.getItem(composer.localId)) {
            composer.composerHtml = markup(draft.body);
            rememberMentions(composer);
        }
        if (draft.recipients.length && !thread.additionalRecipients.length) {
            thread.additionalRecipients = draft.recipients;
        }
        this.state.composerType = draft.is_internal ? "note" : "message";
    },
});
