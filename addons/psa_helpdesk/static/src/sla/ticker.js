import { browser } from "@web/core/browser/browser";
import { onWillDestroy, onWillStart } from "@odoo/owl";

const listeners = new Set();
let timer;

/** One clock for everything on the page that counts: it stops when nothing counts. */
export function useTicker(onTick) {
    onWillStart(() => {
        listeners.add(onTick);
        timer ??= browser.setInterval(() => listeners.forEach((listener) => listener()), 1000);
    });
    onWillDestroy(() => {
        listeners.delete(onTick);
        if (!listeners.size) {
            browser.clearInterval(timer);
            timer = undefined;
        }
    });
}
