import { reactive } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { session } from "@web/session";

/** The timer that runs, in all open browsers of its owner; a forgotten one asks until it is answered. */
export const workTimerService = {
    dependencies: ["action", "bus_service", "notification", "orm"],

    start(env, { action, bus_service, notification, orm }) {
        const state = reactive({ timer: false, receivedAt: Date.now() });
        let closeBanner = null;

        function show(timer) {
            state.timer = timer;
            state.receivedAt = Date.now();
            closeBanner?.();
            closeBanner = null;
            if (timer && timer.asks) {
                ask(timer);
            }
        }

        async function refresh() {
            show(await orm.silent.call("psa.work.timer", "get_banner"));
        }

        async function press(method) {
            if (!state.timer) {
                return;
            }
            const result = await orm.call("psa.work.timer", method, [[state.timer.id]]);
            await refresh();
            if (result && typeof result === "object") {
                await action.doAction(result, { onClose: refresh });
            }
        }

        function ask(timer) {
            closeBanner = notification.add(_t("Your timer runs on “%s”. Are you still working?", timer.name), {
                type: "warning",
                sticky: true,
                className: "o_psa_timer_banner",
                buttons: [
                    { name: _t("Yes, Go On"), primary: true, onClick: () => press("action_still_working") },
                    { name: _t("I Stopped at…"), onClick: () => press("action_stop_at") },
                ],
            });
        }

        if (session.psa_timer !== undefined) {
            bus_service.subscribe("psa_billing.timer", ({ timer }) => show(timer));
            bus_service.start();
            show(session.psa_timer);
        }
        return { state, press, refresh };
    },
};

registry.category("services").add("psa_work_timer", workTimerService);
