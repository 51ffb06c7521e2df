import { registerMessageAction } from "@mail/core/common/message_actions";
import { _t } from "@web/core/l10n/translation";

// What somebody said on a ticket can become a ticket of its own.
registerMessageAction("psa-split", {
    condition: ({ message, thread }) =>
        thread?.model === "psa.ticket" &&
        message.id > 0 &&
        ["comment", "email"].includes(message.message_type) &&
        message.store.self_partner?.main_user_id?.share === false,
    icon: "fa fa-code-fork",
    name: _t("Split into New Ticket"),
    onSelected: async ({ message, owner }) => {
        const { action, orm } = owner.env.services;
        await action.doAction(await orm.call("mail.message", "action_psa_split", [[message.id]]));
    },
    sequence: 75,
});
