import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL, file_open, plaintext2html

STORY_FILE = "psa/demo/tickets.json"
OPTIONS = ("type", "category", "subcategory", "severity", "priority")


class PsaDemoStory(models.AbstractModel):
    """Tells the demo story: what a data file cannot, because it happened in the past.

    Used by the demo data only. Every date of the story is relative to the day it is loaded.
    """

    _name = "psa.demo.story"
    _description = "Demo Story"

    @api.model
    def _load(self):
        """Load the tickets with their conversation and time, approve, and post the first invoice."""
        with file_open(STORY_FILE) as file:
            chapters = sorted(json.load(file), key=lambda chapter: -chapter["hours_ago"])
        chapters = [chapter for chapter in chapters if not self._ref(chapter["key"])]
        if not chapters:
            return
        story = self.with_context(lang="en_US")
        now = fields.Datetime.now()
        tickets = story._load_tickets(chapters, now)
        story._load_conversations(chapters, tickets, now)
        story._load_time(chapters, tickets, now)
        story._load_invoice(now)
        story._backdate(chapters, tickets, now)
        story._forget_mails(tickets)

    @api.model
    def _load_clients(self):
        """Let the checklist of new clients start by itself, and have Saffron Kitchens a week into its own."""
        company = self.env.ref("base.main_company")
        plan = self.env["mail.activity.plan"].search(
            [("psa_is_checklist", "=", True), ("company_id", "=", company.id)], order="id", limit=1
        )
        saffron = self._ref("client_saffron")
        if not plan or saffron.psa_checklist_ids:
            return
        plan.psa_start_status = "active"
        start = fields.Date.today() - timedelta(days=6)
        run = plan.with_user(self._ref("user_owner"))._psa_start(saffron.with_user(self._ref("user_owner")), start)
        for item in run.item_ids[:4]:
            item.with_user(item.user_id).action_done()
        self._load_own_fields(company)

    @api.model
    def _leave_out_odoo_sales(self):
        """Take Odoo's own demo leads and quotes out of the pipeline: they tell of furniture, another story."""
        theirs = self.env["ir.model.data"].search([
            ("model", "in", ("crm.lead", "sale.order")), ("module", "not in", ("psa", "__export__")),
        ])
        by_model = {model: rows.mapped("res_id") for model, rows in theirs.grouped("model").items()}
        leads = self.env["crm.lead"].browse(by_model.get("crm.lead", ())).exists()
        leads.action_archive()
        orders = self.env["sale.order"].browse(by_model.get("sale.order", ())).exists()
        orders = orders.filtered(lambda order: not order.invoice_ids)
        orders._action_cancel()
        orders.unlink()

    def _load_own_fields(self, company):
        """Give the company's clients two fields of its own."""
        fields_of_clients = self.env["psa.field.set"].search(
            [("company_id", "=", company.id), ("applies_to", "=", "client")]
        )
        fields_of_clients.properties_definition = [
            {"name": "a1b2c3d4e5f60718", "type": "char", "string": "Internet provider"},
            {
                "name": "b1b2c3d4e5f60719",
                "type": "selection",
                "string": "Backup",
                "selection": [["cloud", "Cloud"], ["local", "Local"], ["both", "Both"]],
            },
        ]
        self._ref("client_harbour").psa_properties = {"a1b2c3d4e5f60718": "Cascade Fiber", "b1b2c3d4e5f60719": "both"}

    def _ref(self, xmlid):
        """The record of the story behind an xmlid; this addon's own may leave out its name."""
        return self.env.ref(xmlid if "." in xmlid else f"psa.{xmlid}", raise_if_not_found=False)

    def _load_tickets(self, chapters, now):
        """Create the tickets as they stand today."""
        # Nobody is told by e-mail about tickets that are history.
        Ticket = self.env["psa.ticket"].with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True, mail_auto_subscribe_no_notify=True
        )
        tickets = Ticket.create([self._prepare_ticket_vals(chapter, now) for chapter in chapters])
        self.env["ir.model.data"]._update_xmlids([
            {"xml_id": f"psa.{chapter['key']}", "record": ticket, "noupdate": True}
            for chapter, ticket in zip(chapters, tickets, strict=True)
        ])
        for ticket in tickets:
            ticket.message_subscribe((ticket.partner_id | ticket.user_id.partner_id).ids)
        return tickets

    def _prepare_ticket_vals(self, chapter, now):
        contact = self._ref(chapter["contact"])
        desk = self._ref(chapter.get("desk", "psa_helpdesk.desk_service"))
        stage = self._ref(f"psa_helpdesk.stage_{chapter['stage']}")
        created = now - timedelta(hours=chapter["hours_ago"])
        vals = {
            "name": chapter["subject"],
            "description": plaintext2html(chapter["description"]),
            "desk_id": desk.id,
            "partner_id": contact.id,
            "email_from": contact.email_formatted,
            "source": chapter["source"],
            "announcement_due": False,
            "stage_id": stage.id,
            "user_id": self._ref(chapter["user"]).id if chapter.get("user") else False,
            "asset_ids": [Command.set([self._ref(asset).id for asset in chapter.get("assets", ())])],
            "tag_ids": [
                Command.set([self._ref(f"tag_{tag.replace('-', '_')}").id for tag in chapter.get("tags", ())])
            ],
            "date_last_stage_update": created,
        }
        if chapter.get("queue"):
            vals["queue_id"] = self._ref(f"psa_helpdesk.queue_{chapter['queue']}").id
        for attribute in OPTIONS:
            if chapter.get(attribute):
                vals[f"{attribute}_id"] = self._ref(f"psa_helpdesk.option_{attribute}_{chapter[attribute]}").id
        if "deadline" in chapter:
            vals["date_deadline"] = now + timedelta(hours=chapter["deadline"])
        if stage.state != "new":
            first = chapter["messages"][0]["hours_ago"] if chapter.get("messages") else chapter["hours_ago"]
            vals["date_open"] = vals["date_last_stage_update"] = now - timedelta(hours=first)
        if "closed" in chapter:
            done = now - timedelta(hours=chapter["closed"])
            vals["date_last_stage_update"] = done
            if stage.state != "cancelled":
                vals["date_resolved"] = done
            if stage.state != "resolved":
                vals["date_closed"] = done
        return vals

    def _load_conversations(self, chapters, tickets, now):
        """Put the messages into the tickets' chatter, dated when they were written."""
        comment, note = self.env.ref("mail.mt_comment"), self.env.ref("mail.mt_note")
        vals_list = []
        for chapter, ticket in zip(chapters, tickets, strict=True):
            if chapter["source"] == "email":
                # The gateway keeps the mail that opened the ticket as its first message.
                vals_list.append(
                    self._prepare_message_vals(
                        ticket, ticket.partner_id, chapter["description"], chapter["hours_ago"], comment, now
                    )
                )
            for message in chapter.get("messages", ()):
                author = self._ref(message["by"])
                if author._name == "res.users":
                    author = author.partner_id
                subtype = note if message.get("internal") else comment
                vals_list.append(
                    self._prepare_message_vals(ticket, author, message["text"], message["hours_ago"], subtype, now)
                )
        self.env["mail.message"].create(vals_list)

    def _prepare_message_vals(self, ticket, author, text, hours_ago, subtype, now):
        is_mail = not author.user_ids and ticket.source == "email"
        return {
            "model": "psa.ticket",
            "res_id": ticket.id,
            "author_id": author.id,
            "email_from": author.email_formatted,
            "body": plaintext2html(text),
            "date": now - timedelta(hours=hours_ago),
            "message_type": "email" if is_mail else "comment",
            "subtype_id": subtype.id,
            "is_internal": subtype.internal,
            "record_name": ticket.display_name,
        }

    def _load_time(self, chapters, tickets, now):
        """Log the time worked, and hand in or approve what the story says."""
        Line = self.env["account.analytic.line"]
        vals_list, states = [], []
        for chapter, ticket in zip(chapters, tickets, strict=True):
            for work in chapter.get("times", ()):
                states.append(work["approval"])
                vals_list.append({
                    "psa_ticket_id": ticket.id,
                    "user_id": self._ref(work["by"]).id,
                    "date": (now - timedelta(hours=work["hours_ago"])).date(),
                    "name": work["text"],
                    "unit_amount": work["minutes"] / 60,
                    "psa_work_type_id": self._ref(f"psa_billing.work_type_{work['work_type']}").id,
                    "psa_role_id": self._ref(f"psa_billing.role_{work['role']}").id,
                })
        lines = Line.create(vals_list)
        handed_in = Line.concat(*(line for line, state in zip(lines, states, strict=True) if state != "draft"))
        approved = Line.concat(*(line for line, state in zip(lines, states, strict=True) if state == "approved"))
        handed_in.action_psa_submit()
        approved.with_user(self._ref("user_billing")).action_psa_approve()

    def _load_invoice(self, now):
        """Invoice what was worked for Harbour Dental Group until last week."""
        company = self.env.ref("base.main_company")
        if not company.chart_template:
            self.env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        client = self._ref("client_harbour")
        self.env["psa.prepare.invoices"].with_user(self._ref("user_billing")).create({
            "company_id": company.id,
            "client_ids": [Command.set(client.ids)],
            "date_until": (now - timedelta(days=7)).date(),
            "invoice_date": (now - timedelta(days=6)).date(),
            "include_pending": True,
        }).action_prepare()
        items = self.env["psa.billing.item"].search([("client_id", "=", client.id), ("state", "=", "invoiced")])
        items.move_line_id.move_id.action_post()

    def _backdate(self, chapters, tickets, now):
        """Give the tickets the age the story tells; the ORM keeps these two columns to itself."""
        self.env.flush_all()
        for chapter, ticket in zip(chapters, tickets, strict=True):
            moments = [chapter["hours_ago"], *(message["hours_ago"] for message in chapter.get("messages", ()))]
            if "closed" in chapter:
                moments.append(chapter["closed"])
            self.env.cr.execute(
                SQL(
                    "UPDATE psa_ticket SET create_date = %s, write_date = %s WHERE id = %s",
                    now - timedelta(hours=chapter["hours_ago"]),
                    now - timedelta(hours=min(moments)),
                    ticket.id,
                )
            )
        tickets.invalidate_recordset(["create_date", "write_date"])

    @api.model
    def _quiet_bot(self):
        """Keep Odoo's bot from greeting the people of the story over their work."""
        users = self.env["res.users"].search([("share", "=", False)])
        if "odoobot_state" in users._fields:
            users.odoobot_state = "disabled"

    def _forget_mails(self, tickets):
        """Drop what would go out by mail: nobody is waiting for the mails of a story."""
        self.env["mail.mail"].search([
            ("model", "=", "psa.ticket"), ("res_id", "in", tickets.ids), ("state", "=", "outgoing"),
        ]).unlink()
