import { EventBus } from "@odoo/owl";

import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

const DRAFT_DELAY = 1500;
const LEAVE_DELAY = 500;

/** What is known of the conversation on the tickets opened in this tab: drafts, held answers, what was seen last. */
export class Talk {
    constructor(env, { orm, notification, dialog }) {
        Object.assign(this, { env, orm, notification, dialog });
        this.bus = new EventBus();
        this.tickets = {};
        this.timers = {};
        this.saving = {};
        this.attended = {};
        this.beats = {};
    }

    /** A form shows this ticket. The web client may build the form anew, so one ticket can be shown twice for a moment. */
    attend(ticketId) {
        this.attended[ticketId] = (this.attended[ticketId] || 0) + 1;
    }

    /** Tell the server that the ticket is open; one call after the other, so that they do not get in each other's way. */
    beat(ticketId, isWriting) {
        const call = () =>
            this.attended[ticketId]
                ? this.orm.silent.call("psa.ticket", "psa_attend", [[ticketId]], { is_writing: isWriting })
                : [];
        this.beats[ticketId] = (this.beats[ticketId] ?? Promise.resolve()).then(call, call);
        return this.beats[ticketId];
    }

    /** A form does not show this ticket any more. */
    leave(ticketId, { atOnce = false } = {}) {
        this.attended[ticketId] -= 1;
        const tell = () => {
            if (!this.attended[ticketId]) {
                this.orm.silent.call("psa.ticket", "psa_leave", [[ticketId]]).catch(() => {});
            }
        };
        if (atOnce) {
            tell();
        } else {
            browser.setTimeout(tell, LEAVE_DELAY);
        }
    }

    ticket(ticketId) {
        this.tickets[ticketId] ??= { undoSeconds: 0, lastMessageId: 0 };
        return this.tickets[ticketId];
    }

    /** Ask the server what the composer of this ticket needs. */
    async open(ticketId) {
        const data = await this.orm.silent.call("psa.ticket", "psa_compose", [[ticketId]]);
        Object.assign(this.ticket(ticketId), {
            undoSeconds: data.undo_seconds,
            lastMessageId: data.last_message_id,
        });
        return data.draft;
    }

    /** Keep a draft a little later, when no key was pressed for a while. */
    saveDraftSoon(ticketId, draft, onSaved) {
        browser.clearTimeout(this.timers[ticketId]);
        this.timers[ticketId] = browser.setTimeout(() => this.saveDraft(ticketId, draft(), onSaved), DRAFT_DELAY);
    }

    /** Whatever waits to be kept is out of date: the text was sent. */
    forgetDraft(ticketId) {
        browser.clearTimeout(this.timers[ticketId]);
        delete this.timers[ticketId];
    }

    async saveDraft(ticketId, { body, isInternal, recipients }, onSaved) {
        delete this.timers[ticketId];
        let isKept;
        try {
            this.saving[ticketId] = this.orm.silent.call("psa.ticket", "psa_save_draft", [[ticketId], body], {
                is_internal: isInternal,
                recipients,
            });
            isKept = await this.saving[ticketId];
        } catch {
            return; // It is still in the browser's own store.
        }
        if (!isKept) {
            this.notification.add(_t("The text is too long to be kept as a draft. Send it, or attach it as a file."), {
                type: "warning",
            });
        } else {
            onSaved?.();
        }
    }

    /**
     * Ask before an answer goes out that others have overtaken.
     *
     * @returns {Promise<boolean>} whether to send
     */
    async maySend(ticketId, newestShownId = 0) {
        const answers = await this.orm.silent.call("psa.ticket", "psa_answers_since", [
            [ticketId],
            Math.max(this.ticket(ticketId).lastMessageId, newestShownId),
        ]);
        if (!answers.length) {
            return true;
        }
        const [last] = answers;
        const minutes = Math.floor(last.seconds / 60);
        const parameters = { author: last.author, minutes };
        const body =
            minutes < 1
                ? _t("%(author)s wrote on this ticket less than a minute ago.", parameters)
                : minutes === 1
                  ? _t("%(author)s wrote on this ticket a minute ago.", parameters)
                  : _t("%(author)s wrote on this ticket %(minutes)s minutes ago.", parameters);
        this.ticket(ticketId).lastMessageId = last.id;
        return new Promise((resolve) => {
            this.dialog.add(
                ConfirmationDialog,
                {
                    title: _t("Somebody was faster"),
                    body,
                    confirmLabel: _t("Send Anyway"),
                    confirm: () => resolve(true),
                    cancelLabel: _t("Look First"),
                    cancel: () => resolve(false),
                },
                { onClose: () => resolve(false) }
            );
        });
    }

    /** Hold an answer back for as long as the desk says, with a button to take it back. */
    async hold(ticketId, params, callbacks) {
        const held = await rpc("/psa_helpdesk/message/hold", { ...params, thread_id: ticketId });
        this.showHeld(ticketId, held, callbacks);
    }

    /** Show an answer that is held back; send it when its time is over. */
    showHeld(ticketId, { held_id: heldId, seconds, state = false }, { onUndo, onSent }) {
        let isUndone = false;
        const send = browser.setTimeout(async () => {
            close();
            if (isUndone) {
                return;
            }
            try {
                await this.orm.silent.call("psa.ticket", "psa_send_held", [[ticketId], heldId]);
            } catch {
                // The server sends it by itself within a minute.
            }
            onSent();
            this.bus.trigger("SENT", { ticketId });
        }, seconds * 1000);
        const text =
            state === "closed"
                ? _t("The client is told, and the ticket closed, in %s seconds.", seconds)
                : state === "resolved"
                  ? _t("The client is told, and the ticket resolved, in %s seconds.", seconds)
                  : _t("Your answer is sent in %s seconds.", seconds);
        const close = this.notification.add(text, {
            type: "info",
            sticky: true,
            className: "o_psa_undo",
            buttons: [
                {
                    name: _t("Undo"),
                    primary: true,
                    onClick: async () => {
                        isUndone = true;
                        browser.clearTimeout(send);
                        close();
                        const content = await this.orm.call("psa.ticket", "psa_undo", [[ticketId], heldId]);
                        if (content) {
                            onUndo(content);
                        } else {
                            this.notification.add(_t("Too late: the answer has been sent."), { type: "warning" });
                            onSent();
                        }
                    },
                },
            ],
        });
    }
}

export const talkService = {
    dependencies: ["orm", "notification", "dialog"],
    start: (env, services) => new Talk(env, services),
};

registry.category("services").add("psa_talk", talkService);
