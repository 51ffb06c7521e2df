from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, plaintext2html

PARTS = (
    ("ticket_saffron_plan", "Draw the network plan of both kitchens", "resolved", "user_tech2"),
    ("ticket_saffron_passwords", "Collect passwords and licences from the previous provider", "open", "user_tech"),
    ("ticket_saffron_backup", "Find out what is backed up, and where to", "new", False),
)
LINKS = (
    ("ticket_scanner", "relates", "ticket_dock_switch"),
    ("ticket_vpn", "blocked_by", "ticket_patch"),
    ("ticket_ups", "relates", "ticket_backup_fail"),
)
RATINGS = (
    ("ticket_xray", 5, "Very fast help, and Theo kept us posted all day."),
    ("ticket_newhire", 5, ""),
    ("ticket_dock_switch", 3, "It works again. A call before the technician came would have been nice."),
    ("ticket_nas", 5, "You saved my week."),
    ("ticket_password", 1, "I waited at the gate for two hours."),
    ("ticket_monitor", 5, ""),
)


class PsaDemoRelations(models.AbstractModel):
    """Tells how the tickets of the demo story hang together, and what clients said of them."""

    _name = "psa.demo.relations"
    _description = "Demo Story: Related Tickets"

    @api.model
    def _load(self):
        """Load a problem with its incidents, a ticket in parts, links, a merger and ratings; once."""
        if self._ref("ticket_mail_problem"):
            return
        quiet = self.with_context(
            lang="en_US", mail_create_nolog=True, mail_create_nosubscribe=True, mail_auto_subscribe_no_notify=True
        )
        quiet._load_problem()
        quiet._load_parts()
        self.env["psa.ticket.link"].create([
            {"ticket_id": self._ref(ticket).id, "kind": kind, "other_id": self._ref(other).id}
            for ticket, kind, other in LINKS
        ])
        quiet._load_merger()
        quiet._load_ratings()
        self.env["mail.mail"].search([("model", "=", "psa.ticket"), ("state", "=", "outgoing")]).unlink()

    def _ref(self, xmlid):
        return self.env.ref(xmlid if "." in xmlid else f"psa.{xmlid}", raise_if_not_found=False)

    def _new_ticket(self, key, **values):
        """Create a ticket of the story and give it its name in the data."""
        ticket = self.env["psa.ticket"].create({
            "desk_id": self.env.ref("psa_helpdesk.desk_service").id, "announcement_due": False, **values
        })
        self.env["ir.model.data"]._update_xmlids([
            {"xml_id": f"psa.{key}", "record": ticket, "noupdate": True}
        ])
        return ticket

    def _load_problem(self):
        problem = self._new_ticket(
            "ticket_mail_problem",
            name="Provider blocks mail from our clients' scanners and recall systems",
            description=plaintext2html(
                "The provider switched off old sign-in methods without notice. All devices that send mail by themselves fail."
            ),
            workaround=plaintext2html("Set the device to smtp-relay.cascadefiber.example, port 587, with the client's own mailbox."),
            is_problem=True,
            user_id=self._ref("user_tech").id,
            priority_id=self.env.ref("psa_helpdesk.option_priority_high").id,
            type_id=self.env.ref("psa_helpdesk.option_type_problem").id,
            stage_id=self.env.ref("psa_helpdesk.stage_open").id,
        )
        (self._ref("ticket_recall_mail") | self._ref("ticket_scan_mail")).write({"problem_id": problem.id})

    def _load_parts(self):
        whole = self._ref("ticket_onboard_saffron")
        for key, name, state, user in PARTS:
            self._new_ticket(
                key, name=name, parent_id=whole.id, partner_id=whole.partner_id.id,
                stage_id=self.env.ref(f"psa_helpdesk.stage_{state}").id, user_id=user and self._ref(user).id,
            )

    def _load_merger(self):
        """Grace wrote twice about the same mail."""
        phishing = self._ref("ticket_phishing")
        again = self._new_ticket(
            "ticket_phishing_again", name="The strange invoice again", partner_id=phishing.partner_id.id, source="email",
            email_from=phishing.partner_id.email_formatted,
            description=plaintext2html("Another colleague has just got the same e-mail. Shall we switch anything off?"),
        )
        again.with_user(self._ref("user_tech"))._merge(phishing.with_user(self._ref("user_tech")))

    def _load_ratings(self):
        self.env.ref("psa_helpdesk.desk_service").write({"asks_rating": True})
        for key, grade, comment in RATINGS:
            ticket = self._ref(key)
            answered = min(ticket.date_closed + timedelta(hours=30), fields.Datetime.now())
            rating = ticket._record_rating(ticket.partner_id, grade, comment)
            ticket.satisfaction_date = answered
            self.env.flush_all()
            self.env.cr.execute(
                SQL("UPDATE rating_rating SET create_date = %s, rated_on = %s WHERE id = %s", answered, answered, rating.id)
            )
            rating.invalidate_recordset(["create_date", "rated_on"])
