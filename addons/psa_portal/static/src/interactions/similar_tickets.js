import { rpc } from "@web/core/network/rpc";
import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";

/** While the subject is typed, shows the open tickets that sound alike. */
export class SimilarTickets extends Interaction {
    static selector = ".o_psa_ticket_form";
    dynamicContent = {
        "#psa_subject": { "t-on-input": this.debounced(this.look, 400) },
        ".o_psa_similar": { "t-att-class": () => ({ "d-none": !this.tickets.length }) },
    };

    setup() {
        this.tickets = [];
    }

    async look(ev) {
        const subject = this.el.querySelector("#psa_subject").value.trim();
        this.asked = subject;
        const tickets = subject.length < 4 ? [] : await this.waitFor(rpc("/my/tickets/similar", { subject }, { silent: true }));
        if (subject !== this.asked) {
            return;
        }
        this.tickets = tickets;
        this.el.querySelector(".o_psa_similar_list").replaceChildren(...tickets.map((ticket) => this.line(ticket)));
        this.updateContent();
    }

    line(ticket) {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = `/my/tickets/${ticket.id}`;
        link.target = "_blank";
        link.textContent = `${ticket.number} ${ticket.name}`;
        const stage = document.createElement("span");
        stage.className = "text-muted ms-2";
        stage.textContent = ticket.stage;
        item.append(link, stage);
        return item;
    }
}

registry.category("public.interactions").add("psa_portal.similar_tickets", SimilarTickets);
