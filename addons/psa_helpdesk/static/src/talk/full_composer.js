import { markup } from "@odoo/owl";

import { MailComposerFormController } from "@mail/chatter/web/mail_composer_form";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { patch } from "@web/core/utils/patch";

/** The full composer asks, too, before an answer goes out that others have overtaken. */
patch(MailComposerFormController.prototype, {
    async beforeExecuteActionButton(clickParams) {
        const { model, res_ids, subtype_is_log } = this.model.root.data;
        const ids = model === "psa.ticket" && res_ids ? JSON.parse(res_ids) : [];
        if (clickParams.name === "action_send_mail" && ids.length === 1 && !subtype_is_log) {
            const { psa_talk: talk, "mail.store": store } = this.env.services;
            const thread = store.Thread.get({ model, id: ids[0] });
            if (!(await talk.maySend(ids[0], thread?.newestPersistentMessage?.id))) {
                return false;
            }
        }
        return super.beforeExecuteActionButton(...arguments);
    },
});

/** An answer from a dialog waits: show for how long, and open the dialog again when it is taken back. */
function answerHeld(env, { params }) {
    const { ticket_id: ticketId, held_id, seconds, state } = params;
    const { psa_talk: talk, action, "mail.store": store } = env.services;
    const refresh = () =>
        store.Thread.get({ model: "psa.ticket", id: ticketId })?.fetchThreadData?.([
            "messages",
            "scheduledMessages",
            "followers",
            "suggestedRecipients",
        ]);
    talk.showHeld(ticketId, { held_id, seconds, state }, {
        onSent: () => {
            refresh();
            const { currentController } = action;
            if (
                state &&
                currentController?.props?.resModel === "psa.ticket" &&
                currentController.view?.multiRecord &&
                !document.querySelector(".o_selected_row")
            ) {
                // The ticket has moved on, on the board too.
                action.doAction({ type: "ir.actions.client", tag: "soft_reload" });
            }
        },
        onUndo: async (content) => {
            await action.doAction(
                content.action || {
                    name: _t("Compose Email"),
                    type: "ir.actions.act_window",
                    res_model: "mail.compose.message",
                    view_mode: "form",
                    views: [[false, "form"]],
                    target: "new",
                    context: {
                        default_model: "psa.ticket",
                        default_res_ids: [ticketId],
                        default_subtype_xmlid: "mail.mt_comment",
                        default_body: markup(content.body),
                        default_subject: content.subject,
                        default_partner_ids: content.partner_ids,
                        default_attachment_ids: content.attachment_ids,
                        default_parent_id: content.parent_id,
                        default_email_add_signature: false,
                        ...(content.option
                            ? { default_composition_comment_option: content.option }
                            : { clicked_on_full_composer: true }),
                    },
                },
                { onClose: refresh }
            );
            refresh();
        },
    });
    return { type: "ir.actions.act_window_close" };
}

registry.category("actions").add("psa_answer_held", answerHeld);
