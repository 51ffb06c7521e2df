import { markup, onWillUnmount, toRaw, useEffect } from "@odoo/owl";

import { Composer } from "@mail/core/common/composer";

import { browser } from "@web/core/browser/browser";
import { isHtmlEmpty } from "@web/core/utils/html";
import { useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";

import { rememberMentions } from "./mentions";

/** On tickets: drafts on the server, a question before a second answer, and some seconds to undo. */
patch(Composer.prototype, {
    setup() {
        super.setup();
        if (!this.env.services.psa_talk) {
            return;
        }
        this.talk = useService("psa_talk");
        useEffect(
            (text, type) => {
                if (this.isOnTicket) {
                    this.onTicketText();
                }
            },
            () => [this.props.composer.composerHtml?.toString(), this.props.type]
        );
        onWillUnmount(() => {
            if (this.isOnTicket) {
                this.talk.bus.trigger("WRITING", { ticketId: this.thread.id, isWriting: false });
            }
        });
    },

    get isOnTicket() {
        const thread = this.props.composer.thread;
        return Boolean(this.talk && thread?.model === "psa.ticket" && thread.id && !this.props.composer.message);
    },

    /** Something was written, or the answer became a note. */
    onTicketText() {
        const composer = toRaw(this.props.composer);
        const thread = composer.thread;
        const isEmpty = isHtmlEmpty(composer.composerHtml);
        this.talk.bus.trigger("WRITING", { ticketId: thread.id, isWriting: !isEmpty });
        if (isEmpty && !thread.psaHasDraft) {
            return;
        }
        thread.psaHasDraft = !isEmpty;
        const isInternal = this.props.type === "note";
        this.talk.saveDraftSoon(
            thread.id,
            () => ({
                body: isHtmlEmpty(composer.composerHtml) ? "" : composer.composerHtml.toString(),
                isInternal,
                recipients: thread.additionalRecipients.map(({ name, email, partner_id, display_name }) => ({
                    name,
                    email,
                    partner_id,
                    display_name,
                })),
            }),
            // What is on the server need not be in the browser: it would come back after it was sent elsewhere.
            () => browser.localStorage.removeItem(composer.localId)
        );
    },

    restoreContent() {
        super.restoreContent();
        if (this.isOnTicket) {
            rememberMentions(toRaw(this.props.composer));
        }
    },

    clear() {
        if (this.isOnTicket) {
            const { thread } = this.props.composer;
            this.talk.forgetDraft(thread.id);
            thread.psaHasDraft = false;
        }
        super.clear();
    },

    async sendMessage() {
        if (!this.isOnTicket) {
            return super.sendMessage();
        }
        const thread = toRaw(this.props.composer).thread;
        if (this.isAskingTicket || !this.canProcessMessage) {
            return;
        }
        this.isAskingTicket = true;
        try {
            if (!(await this.talk.maySend(thread.id, thread.newestPersistentMessage?.id))) {
                thread.fetchNewMessages();
                return;
            }
        } finally {
            this.isAskingTicket = false;
        }
        rememberMentions(toRaw(this.props.composer));
        // A draft on its way would arrive after the text was sent.
        this.talk.forgetDraft(thread.id);
        await this.talk.saving[thread.id]?.catch(() => {});
        return super.sendMessage();
    },

    async _sendMessage(value, postData, extraData) {
        if (!this.isOnTicket || this.props.type === "note") {
            return super._sendMessage(...arguments);
        }
        const composer = toRaw(this.props.composer);
        const thread = composer.thread;
        if (!this.talk.ticket(thread.id).undoSeconds) {
            return super._sendMessage(...arguments);
        }
        const attachments = [...(postData.attachments || [])];
        const recipients = [...thread.additionalRecipients];
        const replyTo = composer.replyToMessage;
        const params = await this.store.getMessagePostParams({ body: value, postData, thread });
        if (postData.parentId) {
            params.post_data.parent_id = postData.parentId;
        }
        const { inChatter } = this.env;
        await this.talk.hold(thread.id, params, {
            onUndo: () => {
                composer.composerHtml = markup(value.toString());
                rememberMentions(composer);
                composer.attachments = attachments;
                composer.replyToMessage = replyTo;
                thread.additionalRecipients = recipients;
                inChatter?.toggleComposer?.("message", { force: true });
                thread.fetchThreadData?.(["scheduledMessages"]);
            },
            onSent: () => thread.fetchThreadData?.(["messages", "scheduledMessages", "followers", "suggestedRecipients"]),
        });
        this.suggestion?.clearRawMentions();
        this.suggestion?.clearCannedResponses();
        composer.replyToMessage = undefined;
        composer.emailAddSignature = true;
        thread.additionalRecipients = [];
    },
});
