from odoo import api, fields, models
from odoo.tools import SQL


class PsaBillingTurn(models.Model):
    """Whose turn it is at a client's ledger: nobody prices while somebody else does.

    A transaction sees the database as it was when it began, so it is not enough to wait for the other one: what has
    been priced meanwhile would stay unseen, and prepaid hours would be drawn twice. Taking the turn *changes* its row;
    whoever waited is refused by PostgreSQL when the change is committed, and Odoo begins his request anew.
    """

    _name = "psa.billing.turn"
    _description = "Turn at a Client's Ledger"
    _log_access = False
    _rec_name = "client_id"

    _client_company_uniq = models.Constraint("UNIQUE(client_id, company_id)", "There is one turn for each client.")

    client_id = fields.Many2one("res.partner", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade", index=True)
    number = fields.Integer(readonly=True)

    @api.model
    def _take(self, clients, companies):
        """Wait for the turn at these clients' ledgers in these companies; it is given back when the transaction ends."""
        pairs = [(client_id, company_id) for client_id in sorted(clients.ids) for company_id in sorted(companies.ids)]
        if not pairs:
            return
        # One statement takes them in the order of its rows, so two transactions never wait for each other.
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO psa_billing_turn AS turn (client_id, company_id, number) VALUES %s
                ON CONFLICT (client_id, company_id) DO UPDATE SET number = turn.number + 1
                """,
                SQL(", ").join(SQL("(%s, %s, 1)", *pair) for pair in pairs),
            )
        )
