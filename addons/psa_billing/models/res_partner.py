from odoo import api, fields, models
from odoo.addons.psa_crm.models.res_partner_overview import ROWS
from odoo.tools import format_date


class ResPartner(models.Model):
    _inherit = "res.partner"

    psa_contract_ids = fields.One2many("psa.contract", "client_id", "Contracts", groups="psa_crm.group_billing")
    psa_contract_count = fields.Integer(compute="_compute_psa_contract_count")

    @api.depends_context("uid")
    def _compute_psa_contract_count(self):
        counts = {}
        if self.env["psa.contract"].has_access("read"):
            counts = {
                client.id: count
                for client, count in self.env["psa.contract"]._read_group(
                    [("client_id", "in", self.ids)], ["client_id"], ["__count"]
                )
            }
        for partner in self:
            partner.psa_contract_count = counts.get(partner.id, 0)

    def action_view_psa_contracts(self):
        """Open the client's contracts."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_contract")
        action["domain"] = [("client_id", "=", self.id)]
        action["context"] = {"default_client_id": self.id}
        return action

    def action_view_psa_billing_items(self):
        """Open the client's ledger."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_billing_item"
        )
        action["domain"] = [("client_id", "=", self.id)]
        action["context"] = {"search_default_group_state": 1}
        return action

    def _psa_overview_builders(self):
        """Show projects, contracts, what is still to be invoiced, and the invoices that are not paid."""
        return {
            **super()._psa_overview_builders(),
            "projects": self._psa_overview_projects,
            "contracts": self._psa_overview_contracts,
            "work": self._psa_overview_work,
            "invoices": self._psa_overview_invoices,
        }

    def _psa_overview_projects(self):
        Project = self.env["project.project"]
        if not Project.has_access("read"):
            return None
        domain = [("partner_id", "child_of", self.id)]
        projects = Project.search(domain, order="id desc", limit=ROWS)
        if not projects:
            return None
        rows = [
            {
                "title": project.name,
                "detail": self.env._("%s open tasks", project.open_task_count),
                "badge": format_date(self.env, project.date) if project.date else "",
                "tone": "light",
                "model": Project._name,
                "id": project.id,
            }
            for project in projects
        ]
        return self._psa_overview_section(
            "projects",
            self.env._("Projects"),
            "fa-puzzle-piece",
            46,
            rows,
            domain=domain,
        )

    def _psa_overview_contracts(self):
        Contract = self.env["psa.contract"]
        if not Contract.has_access("read"):
            return None
        domain = [("client_id", "=", self.id), ("state", "=", "active")]
        states = dict(Contract._fields["state"]._description_selection(self.env))
        contracts = Contract.search(domain, limit=ROWS)
        rows = [
            {
                "title": contract.display_name,
                "detail": self.env._("until %s", format_date(self.env, contract.date_end))
                if contract.date_end
                else self.env._("open-ended"),
                "badge": states[contract.state],
                "tone": "light",
                "model": Contract._name,
                "id": contract.id,
            }
            for contract in contracts
        ]
        return self._psa_overview_section(
            "contracts",
            self.env._("Contracts in force"),
            "fa-handshake-o",
            60,
            rows,
            domain=domain,
            empty=self.env._("No contract in force."),
            action="action_view_psa_contracts",
        )

    def _psa_overview_work(self):
        Item = self.env["psa.billing.item"]
        if not self.env.user.has_group("psa_crm.group_billing"):
            return None
        states = {"error": "danger", "pending": "warning", "approved": "light"}
        labels = dict(Item._fields["state"]._description_selection(self.env))
        rows = [
            {
                "title": labels[state],
                "detail": self.env._("%s entries", count),
                "badge": currency.format(amount),
                "tone": states[state],
            }
            for state, currency, count, amount in Item._read_group(
                [("client_id", "=", self.id), ("state", "in", list(states))],
                ["state", "currency_id"],
                ["__count", "amount:sum"],
            )
        ]
        if not rows:
            return None
        return self._psa_overview_section(
            "work",
            self.env._("Work not invoiced"),
            "fa-list",
            70,
            rows,
            count=0,
            action="action_view_psa_billing_items",
        )

    def _psa_overview_invoices(self):
        Move = self.env["account.move"]
        if not Move.has_access("read"):
            return None
        domain = [
            ("commercial_partner_id", "=", self.commercial_partner_id.id),
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "in", ("not_paid", "partial")),
        ]
        today = fields.Date.context_today(self)
        moves = Move.search(domain, order="invoice_date_due, id", limit=ROWS)
        rows = [
            {
                "title": move.name,
                "detail": self.env._("due %s", format_date(self.env, move.invoice_date_due)),
                "badge": move.currency_id.format(move.amount_residual),
                "tone": "danger" if move.invoice_date_due and move.invoice_date_due < today else "light",
                "model": Move._name,
                "id": move.id,
            }
            for move in moves
        ]
        return self._psa_overview_section(
            "invoices",
            self.env._("Unpaid invoices"),
            "fa-pencil-square-o",
            80,
            rows,
            domain=domain,
            empty=self.env._("Everything is paid."),
            action="action_view_partner_invoices",
        )
