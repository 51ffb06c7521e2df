from odoo import api, fields, models

# Closed, so that Saffron Kitchens owes something for it; but it took longer than the price of a ticket pays for.
CARD_READER = {
    "key": "ticket_card_reader",
    "subject": "Card reader of the second till is not found",
    "description": "The till at the bar asks for a card reader since this morning. The other one works.",
    "contact": "contact_nikhil",
    "user": "user_tech",
    "source": "phone",
    "stage": "closed",
    "priority": "high",
    "hours_ago": 75,
    "closed": 71,
    "messages": [
        {"by": "user_tech", "hours_ago": 72, "text": "The reader had fallen off the network. It has a fixed address now."},
    ],
    "times": [
        {
            "by": "user_tech",
            "hours_ago": 73,
            "minutes": 135,
            "text": "Card reader: searched the network behind the bar, gave it a fixed address, tested with two payments",
            "work_type": "onsite",
            "role": "engineer",
            "approval": "approved",
        },
    ],
}
APPROVED_TIMES = (
    "time_willow_remote", "time_willow_onsite", "time_willow_drive", "time_northgate_advice", "time_northgate_apprentice",
    "time_week_2", "time_week_4", "time_week_6",
)  # fmt: skip
BILLED_CONTRACTS = ("contract_willow", "contract_northgate_advice", "contract_harbour_practice", "contract_saffron_tickets")
# Whose rows billing has looked through; the others wait in the review.
RELEASED_CONTRACTS = (
    "contract_willow", "contract_harbour_practice", "contract_harbour_managed", "contract_saffron_tickets", "contract_elm",
    "contract_elm_block",
)  # fmt: skip


class PsaDemoStory(models.AbstractModel):
    _inherit = "psa.demo.story"

    @api.model
    def _load_billing(self):
        """Let billing close the month: sign off, correct, write off, invoice all clients and hand over to the accountant."""
        if self._ref("ticket_card_reader"):
            return
        story = self.with_user(self._ref("user_billing")).with_context(lang="en_US")
        self.with_context(lang="en_US")._load_closed_ticket()
        story._sign_off_work()
        story._correct_and_write_off()
        story._run_all_clients()
        story._hand_over_invoices()

    def _load_closed_ticket(self):
        now = fields.Datetime.now()
        ticket = self._load_tickets([CARD_READER], now)
        self._load_conversations([CARD_READER], ticket, now)
        self._load_time([CARD_READER], ticket, now)
        self._backdate([CARD_READER], ticket, now)
        self._forget_mails(ticket)
        self._load_entries()

    def _sign_off_work(self):
        """Approve time and an expense, note that a milestone was accepted, and bill what fell due."""
        lines = self._own("account.analytic.line", APPROVED_TIMES)
        lines.filtered(lambda line: line.psa_approval_state == "draft").action_psa_submit()
        lines.action_psa_approve()
        parking = self._ref("expense_parking").sudo()
        parking.action_submit()
        parking.filtered(lambda expense: expense.state == "submitted").action_approve()
        self._own("project.milestone", ("milestone_practice_design",)).action_psa_sign_off()
        self._own("psa.contract", BILLED_CONTRACTS).action_bill()

    def _correct_and_write_off(self):
        """Take a quarter of an hour of an invoiced visit back, and give up what a client was promised for nothing."""
        visit = self.env["account.analytic.line"].search(
            [("psa_ticket_id", "=", self._ref("ticket_newhire").id)], order="unit_amount desc, id", limit=1
        )
        self.env["psa.time.correct"].create({
            "line_id": visit.id,
            "hours": visit.psa_corrected_hours - 0.25,
            "billable_hours": visit.psa_corrected_billable_hours - 0.25,
            "reason": "Maria Rossi: the technician waited for the key for a quarter of an hour",
        }).action_correct()
        visit.psa_correction_ids.action_psa_approve()
        self.env["psa.billing.item"].search([
            ("ticket_id", "=", self._ref("ticket_scanner").id), ("kind", "=", "time"), ("state", "=", "pending"),
        ])._write_off("Goodwill: the scanner we brought was faulty itself")

    def _run_all_clients(self):
        """Invoice all clients at once. Elm's order number is missing, so its invoice waits on the run."""
        Item = self.env["psa.billing.item"]
        pending = [("state", "=", "pending"), ("is_held", "=", False), ("kind", "!=", "correction")]
        released = Item.search([*pending, ("contract_id", "in", self._own("psa.contract", RELEASED_CONTRACTS).ids)])
        released |= Item.search([
            *pending, ("client_id", "=", self._ref("client_northgate").id), ("kind", "in", ("charge", "expense")),
        ])
        released.action_approve()
        self.env["psa.prepare.invoices"].create({
            "company_id": self.env.ref("base.main_company").id,
            "date_until": fields.Date.context_today(self),
            "has_open_cycles": True,
        }).action_prepare()

    def _hand_over_invoices(self):
        """Export what Harbour got to QuickBooks Online, and begin a batch for Xero whose names are still missing."""
        company = self.env.ref("base.main_company")
        posted = self.env["account.move"].search([
            ("company_id", "=", company.id),
            ("commercial_partner_id", "=", self._ref("client_harbour").id),
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
        ])
        days = posted.mapped("invoice_date")
        # With full rights: invoices of Odoo's own demo to customers that billing does not see may be of the same day.
        Export = self.env["psa.accounting.export"].sudo()
        first, second = Export.create([
            {"company_id": company.id, "format": file_format, "date_from": min(days), "date_to": max(days)}
            for file_format in ("qbo", "xero")
        ])
        for export in (first, second):
            export.action_check()
        for name in first.missing_ids:
            name.name = "Net 30" if name.kind == "term" else name.our_name
        if not first.problems:
            first.action_export()

    def _own(self, model, xmlids):
        """The records of the story behind these xmlids, as the current user has them."""
        return self.env[model].browse([self._ref(xmlid).id for xmlid in xmlids])
